import '@cloudscape-design/global-styles/index.css';
import 'virtual:theme.css';
import './theme/fonts.css';
import './theme/shell.css';
import './theme/console.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { followLook, loadPreferences } from './app/preferences';
import { startLanguage } from './i18n';

followLook();
await loadPreferences();
await startLanguage();
const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
