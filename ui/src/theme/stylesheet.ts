/** Runs when the console is built, never in it: turns the tokens into one style sheet (see vite.config.ts). */
import { generateThemeStylesheet } from '@cloudscape-design/components/theming';
import { theme } from './tokens';

export const stylesheet = generateThemeStylesheet({ theme });
