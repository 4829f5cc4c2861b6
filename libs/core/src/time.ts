/** Milliseconds since the Unix epoch. Pure code never reads a clock: time arrives on the command. */
export interface Clock {
  nowMs(): number;
}

/** `YYYY-MM-DDTHH:mm:ss.sssZ`, UTC, the only form that the ledger stores and answers. */
export type Instant = string;

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function isInstant(value: unknown): value is Instant {
  if (typeof value !== 'string' || !INSTANT.test(value)) return false;
  const epochMs = Date.parse(value);
  // Date.parse rolls 30 February over into March; only the last days of a month need the slower look.
  return (
    Number.isFinite(epochMs) && (value.slice(8, 10) <= '28' || new Date(epochMs).toISOString() === value)
  );
}

let lastMs = Number.NaN;
let lastText = '';

/** Formatting costs about 0.3 µs and most calls of one turn ask for the same millisecond, so the last is kept. */
export function instantOf(epochMs: number): Instant {
  if (epochMs !== lastMs) {
    lastText = new Date(epochMs).toISOString();
    lastMs = epochMs;
  }
  return lastText;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Reads an RFC 3339 date-time. Digits beyond milliseconds are cut; a leap second (`:60`), a day that the month
 * does not have and years outside 0001–9999 (also after the offset is applied) are refused with `undefined`.
 */
export function parseInstant(text: string): Instant | undefined {
  const match = RFC_3339.exec(text);
  if (match === null || match[1] === '0000') return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z', sign, zoneHour, zoneMinute] =
    match;
  const millis = fraction.slice(1, 4).padEnd(3, '0');
  const plain = `${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}Z`;
  const epochMs = Date.parse(plain);
  // Date.parse rolls 30 February over into March; comparing the text again finds that.
  if (!Number.isFinite(epochMs) || new Date(epochMs).toISOString() !== plain) return undefined;
  if (zone === 'Z' || zone === 'z') return plain;
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined;
  const offsetMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  const utc = new Date(epochMs - offsetMs).toISOString();
  return INSTANT.test(utc) && !utc.startsWith('0000') ? utc : undefined;
}
