import type { Seeded } from '../bench/generate';
import { FROM_MS, TO_MS } from './person';

/** A complaint waits so long for its answer in the beginning, and in the end. */
const SLOW_HOURS = 72;
const FAST_HOURS = 5;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const OPEN_HOUR = 8;
const CLOSED_HOUR = 20;
/** Everything takes longer around Christmas. */
const RUSH = 1.5;
const RUSH_MONTHS = new Set([11, 0]);

/** What customer care is worth at a time: it moves evenly from `first`, on the first day, to `last`, on the last. */
export function caredFor(atMs: number, first: number, last: number): number {
  return first + (last - first) * Math.min(1, Math.max(0, (atMs - FROM_MS) / (TO_MS - FROM_MS)));
}

/** When what came in then is answered: a complaint, or something that waits `share` as long. Nobody works at night. */
export function answeredAt(atMs: number, seeded: Seeded, share = 1): number {
  const hours = SLOW_HOURS * (FAST_HOURS / SLOW_HOURS) ** caredFor(atMs, 0, 1);
  const rush = RUSH_MONTHS.has(new Date(atMs).getUTCMonth()) ? RUSH : 1;
  const earliestMs = atMs + Math.floor(hours * share * rush * (0.5 + seeded.next()) * HOUR_MS);
  const minutes = seeded.below(90) * MINUTE_MS;
  const hour = new Date(earliestMs).getUTCHours();
  if (hour >= OPEN_HOUR && hour < CLOSED_HOUR) return earliestMs;
  const dayMs = Math.floor(earliestMs / DAY_MS) * DAY_MS;
  return dayMs + (hour < OPEN_HOUR ? 0 : DAY_MS) + OPEN_HOUR * HOUR_MS + minutes;
}

/** CSAT, 1 to 5: content, by the chances that it had then, or not. */
export function csatOf(atMs: number, seeded: Seeded, first = 0.62, last = 0.92): number {
  if (!seeded.chance(caredFor(atMs, first, last))) return seeded.between(1, 3);
  return seeded.chance(0.62) ? 5 : 4;
}

/** CES, 1 to 7. */
export function cesOf(atMs: number, seeded: Seeded): number {
  return seeded.chance(caredFor(atMs, 0.45, 0.85)) ? seeded.between(5, 7) : seeded.between(1, 5);
}

/** NPS, 0 to 10. */
export function npsOf(atMs: number, seeded: Seeded): number {
  const dice = seeded.next();
  if (dice < caredFor(atMs, 0.32, 0.58)) return seeded.between(9, 10);
  return dice > caredFor(atMs, 0.68, 0.87) ? seeded.between(0, 6) : seeded.between(7, 8);
}

/** CCI, 0 to 100. */
export function cciOf(atMs: number, seeded: Seeded): number {
  return Math.round(caredFor(atMs, 56, 78)) + seeded.between(-18, 18);
}
