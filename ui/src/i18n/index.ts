/**
 * Texts of the console. Catalogues are plain objects, so the compiler knows every key; `catalogue.test.ts` finds missing and
 * unused ones and text written into a page. Korean goes through `withParticles`.
 */
import i18next, { type i18n } from 'i18next';
import { useMemo } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';
import { type Language, languageOf, type Preferences, preferences } from '../app/preferences';
import * as format from '../lib/format';
import { withParticles } from '../lib/particles';
import { useStore } from '../lib/store';
import { loadComponentMessages } from './components';
import type { en as English } from './en';

type Leaves<T, P extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${P}${K}` : Leaves<T[K], `${P}${K}.`>;
}[keyof T & string];
type WithoutPlural<K> = K extends `${infer Stem}_one` ? Stem : K extends `${infer Stem}_other` ? Stem : K;

/** Every key of the catalogues; counted texts by their stem. */
export type TextKey = WithoutPlural<Leaves<typeof English>>;
export type Values = Record<string, string | number | undefined>;
export type Translate = (key: TextKey, values?: Values) => string;

const catalogues: Record<Language, () => Promise<object>> = {
  en: async () => (await import('./en')).en,
  ko: async () => (await import('./ko')).ko,
};

async function load(language: Language): Promise<void> {
  await loadComponentMessages(language);
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await catalogues[language]());
  }
}

export async function startLanguage(): Promise<i18n> {
  const language = languageOf(preferences.get());
  i18next.use({ type: 'postProcessor', name: 'particles', process: (value: string) => withParticles(value) });
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: {},
    fallbackLng: false,
    interpolation: { escapeValue: false },
    postProcess: ['particles'],
    returnNull: false,
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  await load(language);
  document.documentElement.lang = language;
  preferences.subscribe(() => {
    const next = languageOf(preferences.get());
    if (next === i18next.language) return;
    void load(next).then(async () => {
      await i18next.changeLanguage(next);
      document.documentElement.lang = next;
    });
  });
  return i18next;
}

export interface Text {
  t: Translate;
  /** For keys built at run time, such as a status from the wire: the text, or `otherwise` when there is none. */
  maybe: (key: string, otherwise: string) => string;
  language: Language;
  number: (value: number) => string;
  dateTime: (value: format.Instant) => string;
  relative: (value: format.Instant, now: number) => string;
  duration: (seconds: number | undefined) => string;
  bytes: (value: number) => string;
}

function textIn(instance: i18n, { timeZone, dates, clock }: Pick<Preferences, 'timeZone' | 'dates' | 'clock'>): Text {
  const formats = { timeZone, dates, clock };
  const language: Language = instance.language === 'ko' ? 'ko' : 'en';
  return {
    t: (key, values) => String(instance.t(key, values)),
    maybe: (key, otherwise) => (instance.exists(key) ? String(instance.t(key)) : otherwise),
    language,
    number: (value) => format.number(value, language),
    dateTime: (value) => format.dateTime(value, language, formats),
    relative: (value, now) => format.relative(value, language, now, formats),
    duration: (seconds) => format.duration(seconds, language),
    bytes: (value) => format.bytes(value, language),
  };
}

export function useText(): Text {
  const { i18n: instance } = useTranslation();
  const { language } = instance;
  const { timeZone, dates, clock } = useStore(preferences);
  // The language is what makes the texts change; the instance stays the same.
  return useMemo(() => (language ? textIn(instance, { timeZone, dates, clock }) : textIn(instance, preferences.get())), [instance, language, timeZone, dates, clock]);
}

/** Outside components: the same texts, in the language of the moment. */
export function currentText(): Text {
  return textIn(i18next, preferences.get());
}
