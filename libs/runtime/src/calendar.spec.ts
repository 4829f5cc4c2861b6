import { dayAfter, periodOf } from './calendar';

it.each([
  ['2026-01-01', '2026-W01'],
  ['2025-12-28', '2025-W52'],
  ['2025-12-29', '2026-W01'],
  ['2021-01-03', '2020-W53'],
  ['2021-01-04', '2021-W01'],
  ['2024-12-30', '2025-W01'],
  ['2024-02-29', '2024-W09'],
  ['0001-01-01', '0001-W01'],
  ['9999-12-31', '9999-W52'],
])('%s is in ISO week %s', (day, week) => {
  expect(periodOf(day, 'week')).toBe(week);
});

it('a month is a day’s beginning, and the day after it may be of another year', () => {
  expect(periodOf('2024-02-29', 'month')).toBe('2024-02');
  expect(periodOf('2024-02-29', 'day')).toBe('2024-02-29');
  expect(dayAfter('2024-02-28')).toBe('2024-02-29');
  expect(dayAfter('2023-12-31')).toBe('2024-01-01');
});
