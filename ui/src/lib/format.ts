/** Dates, durations and numbers in the language of the console. Times on the wire are epoch seconds. */
const cache = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>();

function cached<T extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(key: string, make: () => T): T {
  const found = cache.get(key) ?? make();
  cache.set(key, found);
  return found as T;
}

export type Instant = number | string | undefined;

export function toDate(value: Instant): Date | undefined {
  if (value === undefined || value === '') return undefined;
  const date = typeof value === 'number' ? new Date(value * 1000) : new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export function dateTime(value: Instant, locale: string): string {
  const date = toDate(value);
  if (!date) return '–';
  return cached(`d${locale}`, () => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })).format(date);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

export function relative(value: Instant, locale: string, now: number): string {
  const date = toDate(value);
  if (!date) return '–';
  const seconds = (date.getTime() - now) / 1000;
  if (Math.abs(seconds) > 30 * 86_400) return dateTime(value, locale);
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ['second', 1];
  const format = cached(`r${locale}`, () => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }));
  return format.format(Math.round(seconds / size), unit);
}

export function number(value: number, locale: string): string {
  return cached(`n${locale}`, () => new Intl.NumberFormat(locale)).format(value);
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

export function bytes(value: number, locale: string): string {
  const step = value < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(value) / 3));
  const unit = BYTE_UNITS[step] ?? 'byte';
  const format = cached(
    `b${unit}${locale}`,
    () => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: step === 0 ? 0 : 1 }),
  );
  return format.format(value / 1000 ** step);
}

/** `PT0.023S`, `PT1M5S`, `P1DT2H` → seconds. */
export function isoSeconds(text: string | undefined): number | undefined {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text ?? '');
  if (!match || text === 'P') return undefined;
  const [d = 0, h = 0, m = 0, s = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return d * 86_400 + h * 3_600 + m * 60 + s;
}

export function duration(seconds: number | undefined, locale: string): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '–';
  const parts: [number, string][] = seconds < 60
    ? [[Math.round(seconds * (seconds < 10 ? 100 : 10)) / (seconds < 10 ? 100 : 10), 'second']]
    : seconds < 3600
      ? [[Math.floor(seconds / 60), 'minute'], [Math.round(seconds % 60), 'second']]
      : [[Math.floor(seconds / 3600), 'hour'], [Math.round((seconds % 3600) / 60), 'minute']];
  return parts
    .map(([value, unit]) => cached(`u${unit}${locale}`, () => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 2 })).format(value))
    .join(' ');
}
