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

/** How a person wants times, beside the language. */
export interface TimeFormats {
  /** `system` or a name such as `Asia/Seoul`. */
  timeZone: string;
  dates: 'language' | 'iso';
  clock: 'language' | '12' | '24';
}
export const USUAL: TimeFormats = { timeZone: 'system', dates: 'language', clock: 'language' };

/** Newer tables write AM and PM in the middle of Korean; Koreans write 오전 and 오후. */
function written(format: Intl.DateTimeFormat, date: Date, locale: string): string {
  if (!locale.startsWith('ko')) return format.format(date);
  const korean: Record<string, string> = { AM: '오전', PM: '오후' };
  return format.formatToParts(date).map((part) => (part.type === 'dayPeriod' ? (korean[part.value] ?? part.value) : part.value)).join('');
}

/** A time to the second. Where it is shown in another zone than the machine's, the zone stands behind it. */
export function dateTime(value: Instant, locale: string, { timeZone, dates, clock }: TimeFormats = USUAL): string {
  const date = toDate(value);
  if (!date) return '–';
  const zone = timeZone === 'system' ? {} : { timeZone };
  const key = `${locale}|${timeZone}|${dates}|${clock}`;
  const text =
    dates === 'iso'
      ? cached(`i${key}`, () => new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', ...zone })).format(date)
      : written(cached(`d${key}`, () => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', ...zone, ...(clock === 'language' ? {} : { hourCycle: clock === '12' ? 'h12' : 'h23' }) })), date, locale);
  if (timeZone === 'system') return text;
  const named = cached(`z${key}`, () => new Intl.DateTimeFormat(locale, { timeZoneName: 'short', ...zone })).formatToParts(date);
  return `${text} ${named.find((part) => part.type === 'timeZoneName')?.value ?? timeZone}`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

export function relative(value: Instant, locale: string, now: number, formats: TimeFormats = USUAL): string {
  const date = toDate(value);
  if (!date) return '–';
  const seconds = (date.getTime() - now) / 1000;
  if (Math.abs(seconds) > 30 * 86_400) return dateTime(value, locale, formats);
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
