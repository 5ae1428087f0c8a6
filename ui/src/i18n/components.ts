/** Texts inside Cloudscape's components, in our two languages only, and there before the first paint. */
import type { I18nProviderProps } from '@cloudscape-design/components/i18n';
import type { Language } from '../app/preferences';
import { createStore } from '../lib/store';

export const componentMessages = createStore<readonly I18nProviderProps.Messages[]>([]);

export async function loadComponentMessages(language: Language): Promise<void> {
  const module = language === 'ko' ? await import('@cloudscape-design/components/i18n/messages/all.ko') : await import('@cloudscape-design/components/i18n/messages/all.en');
  componentMessages.set([module.default]);
}
