import type { Seeded } from '../bench/generate';
import { FROM_MS, TO_MS } from './person';

/** A complaint waits so long for its answer in the beginning, and in the end. */
const SLOW_HOURS = 72;
const FAST_HOURS = 5;
const HOUR_MS = 3_600_000;
/** Everything takes longer around Christmas. */
const RUSH = 1.5;
const RUSH_MONTHS = new Set([11, 0]);

/** What customer care is worth at a time: it moves evenly from `first`, on the first day, to `last`, on the last. */
export function caredFor(atMs: number, first: number, last: number): number {
  return first + (last - first) * Math.min(1, Math.max(0, (atMs - FROM_MS) / (TO_MS - FROM_MS)));
}

/** How long a complaint of that time waits for its answer. */
export function answerTimeMs(atMs: number, seeded: Seeded): number {
  const hours = SLOW_HOURS * (FAST_HOURS / SLOW_HOURS) ** caredFor(atMs, 0, 1);
  const rush = RUSH_MONTHS.has(new Date(atMs).getUTCMonth()) ? RUSH : 1;
  return Math.floor(hours * rush * (0.5 + seeded.next()) * HOUR_MS);
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
