const DAY_MS = 86_400_000;
const DAYS_OF_WEEK = 7;
const DAY_LENGTH = 'YYYY-MM-DD'.length;
const MONTH_LENGTH = 'YYYY-MM'.length;

export type Period = 'day' | 'week' | 'month';

/** The UTC period that a day `YYYY-MM-DD` lies in: itself, `2026-W07` or `2026-02`. As text they sort as in time. */
export function periodOf(day: string, period: Period): string {
  switch (period) {
    case 'day':
      return day;
    case 'week':
      return isoWeekOf(day);
    case 'month':
      return day.slice(0, MONTH_LENGTH);
  }
}

export function dayAfter(day: string): string {
  return new Date(msOf(day) + DAY_MS).toISOString().slice(0, DAY_LENGTH);
}

/** ISO 8601: weeks begin on Monday and belong to the year of their Thursday, which is not always the day's. */
function isoWeekOf(day: string): string {
  const ms = msOf(day);
  const MONDAY = 1;
  const THURSDAY = 3; // days after Monday
  const afterMonday = (new Date(ms).getUTCDay() - MONDAY + DAYS_OF_WEEK) % DAYS_OF_WEEK;
  const thursdayMs = ms + (THURSDAY - afterMonday) * DAY_MS;
  const year = new Date(thursdayMs).toISOString().slice(0, 'YYYY'.length);
  const week = 1 + Math.floor((thursdayMs - msOf(`${year}-01-01`)) / (DAYS_OF_WEEK * DAY_MS));
  return `${year}-W${String(week).padStart(2, '0')}`;
}

function msOf(day: string): number {
  return Date.parse(`${day}T00:00:00.000Z`);
}
