import { parseDecimal, round } from './decimal';
import type { TimeZone } from './time-zone';

/** Milliseconds since 1970 of what `text` says, or undefined where it does not fit. */
type ReadDate = (text: string, zone: TimeZone) => number | undefined;

export interface DateFormat {
  readonly pattern: string;
  readonly read: ReadDate;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const LONG_MONTHS =
  'january|february|march|april|may|june|july|august|september|october|november|december'.split('|');
const WEEKDAYS = 'mon|tue|wed|thu|fri|sat|sun'.split('|');
const LONG_WEEKDAYS = 'monday|tuesday|wednesday|thursday|friday|saturday|sunday'.split('|');

/** A year of two digits: 69–99 are 1969–1999, 00–68 are 2000–2068, as POSIX has it. */
const PIVOT_YEAR = 69;
/** The last instant with a year of four digits. */
const MAX_INSTANT_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ISO =
  /^(?<yyyy>\d{4})-(?<MM>\d\d)-(?<dd>\d\d)(?:[T ](?<HH>\d\d):(?<mm>\d\d)(?::(?<ss>\d\d)(?:[.,](?<S>\d{1,9}))?)?\s?(?<X>Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** Letters of a pattern → the regular expression they stand for and the name their digits are kept under. */
const TOKENS: Readonly<Record<string, readonly [expression: string, part: string]>> = {
  yyyy: ['\\d{4}', 'yyyy'],
  yy: ['\\d{2}', 'yy'],
  MMMM: [LONG_MONTHS.join('|'), 'MMM'],
  MMM: [MONTHS.join('|'), 'MMM'],
  MM: ['\\d{2}', 'MM'],
  M: ['\\d{1,2}', 'MM'],
  dd: ['\\d{2}', 'dd'],
  d: ['\\d{1,2}', 'dd'],
  EEEE: [LONG_WEEKDAYS.join('|'), 'E'],
  EEE: [WEEKDAYS.join('|'), 'E'],
  HH: ['\\d{2}', 'HH'],
  H: ['\\d{1,2}', 'HH'],
  hh: ['\\d{2}', 'hh'],
  h: ['\\d{1,2}', 'hh'],
  mm: ['\\d{2}', 'mm'],
  m: ['\\d{1,2}', 'mm'],
  ss: ['\\d{2}', 'ss'],
  s: ['\\d{1,2}', 'ss'],
  S: ['\\d{1,9}', 'S'],
  a: ['[ap]\\.?m\\.?', 'a'],
  X: ['Z|[+-]\\d{2}(?::?\\d{2})?', 'X'],
};

type Parts = Readonly<Partial<Record<string, string>>>;

/** `iso`, `unix-seconds`, `unix-ms`, or a pattern of the letters above. A string says what is wrong with it. */
export function dateFormat(pattern: string): DateFormat | string {
  if (pattern === 'iso') return { pattern, read: (text, zone) => fromParts(ISO.exec(text)?.groups, zone) };
  if (pattern === 'unix-seconds') return { pattern, read: (text) => fromUnix(text, 3) };
  if (pattern === 'unix-ms') return { pattern, read: (text) => fromUnix(text, 0) };
  const compiled = compile(pattern);
  if (typeof compiled === 'string') return compiled;
  return { pattern, read: (text, zone) => fromParts(compiled.exec(text)?.groups, zone) };
}

/** `2010-12-01T08:26:00.000Z`, by the first format that fits; undefined where none does. */
export function readInstant(
  text: string,
  formats: readonly DateFormat[],
  zone: TimeZone,
): string | undefined {
  if (CANONICAL.test(text)) return text;
  for (const format of formats) {
    const ms = format.read(text, zone);
    if (ms !== undefined) return ms > MAX_INSTANT_MS ? undefined : instantText(ms);
  }
  return undefined;
}

function instantText(ms: number): string | undefined {
  const text = new Date(ms).toISOString();
  return CANONICAL.test(text) ? text : undefined;
}

function compile(pattern: string): RegExp | string {
  let source = '';
  const parts = new Set<string>();
  for (const [piece] of pattern.matchAll(/'[^']*'|([A-Za-z])\1*|[^A-Za-z]/g)) {
    const quoted = /^'([^']*)'$/.exec(piece);
    if (quoted !== null || !/^[A-Za-z]/.test(piece)) {
      source += literal(quoted === null ? piece : (quoted[1] ?? ''));
      continue;
    }
    const token = TOKENS[/^S+$/.test(piece) ? 'S' : /^X+$/.test(piece) ? 'X' : piece];
    if (token === undefined) return `"${piece}" is no part of a date pattern`;
    const [expression, part] = token;
    if (parts.has(part)) return `"${piece}" says again what another part says`;
    parts.add(part);
    source += `(?<${part}>${expression})`;
  }
  const missing = ['yyyy|yy', 'MM|MMM', 'dd'].find(
    (names) => !names.split('|').some((name) => parts.has(name)),
  );
  if (missing !== undefined) return `it has no ${missing.replace('|', ' or ')}`;
  if (parts.has('hh') !== parts.has('a')) return 'hh and a (AM/PM) need each other';
  return new RegExp(`^${source}$`, 'i');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replace(/\s+/g, '\\s+');
}

function fromUnix(text: string, shift: number): number | undefined {
  const value = parseDecimal(text);
  if (value === undefined) return undefined;
  const wanted = round(value, shift);
  const ms = Number(wanted.units * 10n ** BigInt(shift - wanted.scale));
  return Math.abs(ms) <= MAX_INSTANT_MS ? ms : undefined;
}

function fromParts(parts: Parts | undefined, zone: TimeZone): number | undefined {
  if (parts === undefined) return undefined;
  const year = parts['yy'] === undefined ? Number(parts['yyyy']) : fullYear(Number(parts['yy']));
  const month = parts['MMM'] === undefined ? Number(parts['MM']) : monthOf(parts['MMM']);
  const day = Number(parts['dd']);
  const hour = hourOf(parts);
  const minute = Number(parts['mm'] ?? 0);
  const second = Number(parts['ss'] ?? 0);
  if (hour === undefined || minute > 59 || second > 59) return undefined;
  const wall = new Date(0);
  wall.setUTCFullYear(year, month - 1, day);
  // 30 February would quietly become 2 March.
  if (wall.getUTCMonth() !== month - 1 || wall.getUTCDate() !== day || year < 1) return undefined;
  // Digits beyond milliseconds are cut, as the API does it.
  wall.setUTCHours(hour, minute, second, Number((parts['S'] ?? '').padEnd(3, '0').slice(0, 3)));
  if (parts['X'] === undefined) return zone.toUtc(wall.getTime());
  const offset = offsetMs(parts['X']);
  return offset === undefined ? undefined : wall.getTime() - offset;
}

function fullYear(twoDigits: number): number {
  return twoDigits < PIVOT_YEAR ? 2000 + twoDigits : 1900 + twoDigits;
}

function monthOf(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

function hourOf(parts: Parts): number | undefined {
  if (parts['hh'] === undefined) {
    const hour = Number(parts['HH'] ?? 0);
    return hour > 23 ? undefined : hour;
  }
  const hour = Number(parts['hh']);
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (/^p/i.test(parts['a'] ?? '') ? 12 : 0);
}

function offsetMs(text: string): number | undefined {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(text);
  if (match === null) return 0;
  const [, sign, hours, minutes = '0'] = match;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
