/** Offsets looked up so far are kept; beyond this many the memory is emptied and filled again. */
const MAX_REMEMBERED_OFFSETS = 50_000;
/** Every zone's rules change on quarter hours since 1970; before, the offset is asked for each instant. */
const QUARTER_HOUR_MS = 15 * 60_000;
const DAY_MS = 86_400_000;

export interface TimeZone {
  readonly name: string;
  /** Milliseconds since 1970 UTC of a wall-clock time, which is given as if it were UTC. */
  toUtc(wallMs: number): number;
}

export const UTC: TimeZone = { name: 'UTC', toUtc: (wallMs) => wallMs };

/**
 * An IANA zone, by Intl's tables. Where the clock is put forward, a time that it jumped over is read with the offset
 * before the jump (01:30 becomes 02:30); where it is put back, a time that occurred twice is its first occurrence.
 * Undefined where the name is unknown.
 */
export function timeZone(name: string): TimeZone | undefined {
  if (/^(utc|z|gmt)$/i.test(name)) return UTC;
  const format = zoneFormat(name);
  if (format === undefined) return undefined;
  const remembered = new Map<number, number>();
  const offsetAt = (utcMs: number): number => {
    const key = Math.floor(utcMs / QUARTER_HOUR_MS);
    const known = utcMs < 0 ? undefined : remembered.get(key);
    if (known !== undefined) return known;
    const offset = offsetOf(format, utcMs);
    if (remembered.size >= MAX_REMEMBERED_OFFSETS) remembered.clear();
    remembered.set(key, offset);
    return offset;
  };
  return {
    name,
    toUtc(wallMs) {
      // A day before and after, the offsets are those on either side of a change, if there is one near.
      const before = offsetAt(wallMs - DAY_MS);
      const after = offsetAt(wallMs + DAY_MS);
      const early = wallMs - before;
      if (offsetAt(early) === before) return early;
      const late = wallMs - after;
      return offsetAt(late) === after ? late : early;
    },
  };
}

function zoneFormat(name: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
}

/** Milliseconds that the zone's clocks are ahead of UTC at that instant. */
function offsetOf(format: Intl.DateTimeFormat, utcMs: number): number {
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(utcMs)) part[type] = value;
  const number = (name: string): number => Number(part[name]);
  const year = part['era'] === 'BC' ? 1 - number('year') : number('year');
  const wall = new Date(0);
  wall.setUTCFullYear(year, number('month') - 1, number('day'));
  wall.setUTCHours(number('hour'), number('minute'), number('second'));
  const wholeSecondMs = Math.floor(utcMs / 1000) * 1000;
  return wall.getTime() - wholeSecondMs;
}
