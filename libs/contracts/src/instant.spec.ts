import { parseInstant } from '#libs/core';
import { instant } from './instant';
import { REFUSED } from './rule';

const DAYS = ['01', '28', '29', '30', '31', '32', '00', '0a'];
const MONTHS = ['00', '01', '02', '04', '12', '13'];
const YEARS = ['0000', '0001', '1900', '2000', '2023', '2024', '9999', '20 4'];
const TIMES = ['00:00:00', '23:59:59', '24:00:00', '12:60:00', '12:00:60', '12-00:00'];
const ENDS = ['Z', 'z', '.123Z', '.1Z', '.123456Z', '.12aZ', '+00:00', '-05:30', '', 'ZZ', '\u0661Z'];

it('reads exactly what parseInstant reads', () => {
  const differing: string[] = [];
  for (const year of YEARS)
    for (const month of MONTHS)
      for (const day of DAYS)
        for (const time of TIMES)
          for (const end of ENDS) {
            const given = `${year}-${month}-${day}T${time}${end}`;
            const kept = instant.read(given, {});
            if (kept !== (parseInstant(given) ?? REFUSED)) differing.push(given);
          }
  expect(differing).toEqual([]);
});

it.each([[1], [null], [''], ['now'], ['2026-01-01'], ['2026-01-01 00:00:00Z'], ['2026-01-01T00:00:00']])(
  'refuses %p',
  (value) => expect(instant.read(value, {})).toBe(REFUSED),
);
