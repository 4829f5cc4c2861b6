import { instantOf, isInstant, parseInstant } from './time';

describe('parseInstant', () => {
  it.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02t03:04:05z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.6Z', '2026-01-02T03:04:05.600Z'],
    ['2026-01-02T03:04:05.678999999Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05.999999+00:00', '2026-01-02T03:04:05.999Z'],
    ['2026-01-02T03:04:05-00:00', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05+05:30', '2026-01-01T21:34:05.000Z'],
    ['2026-12-31T23:30:00-00:45', '2027-01-01T00:15:00.000Z'],
    ['2026-01-02T00:00:00+23:59', '2026-01-01T00:01:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('reads %s', (text, expected) => {
    expect(parseInstant(text)).toBe(expected);
    expect(isInstant(parseInstant(text))).toBe(true);
  });

  it.each([
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['a 24th hour', '2026-01-01T24:00:00Z'],
    ['a 60th minute', '2026-01-01T00:60:00Z'],
    ['30 February', '2026-02-30T00:00:00Z'],
    ['29 February of no leap year', '2026-02-29T00:00:00Z'],
    ['29 February 1900', '1900-02-29T00:00:00Z'],
    ['31 April', '2026-04-31T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['day 0', '2026-01-00T00:00:00Z'],
    ['no zone', '2026-01-01T00:00:00'],
    ['a blank for T', '2026-01-01 00:00:00Z'],
    ['no seconds', '2026-01-01T00:00Z'],
    ['a point without digits', '2026-01-01T00:00:00.Z'],
    ['a comma', '2026-01-01T00:00:00,5Z'],
    ['a zone without a colon', '2026-01-01T00:00:00+0100'],
    ['a zone of 24 hours', '2026-01-01T00:00:00+24:00'],
    ['a zone of 60 minutes', '2026-01-01T00:00:00+01:60'],
    ['five digits of a year', '12026-01-01T00:00:00Z'],
    ['a sign', '+2026-01-01T00:00:00Z'],
    ['the year 10000 after its offset', '9999-12-31T23:59:59-00:01'],
    ['something before year 0', '0000-01-01T00:00:00+00:01'],
    ['blanks around', ' 2026-01-01T00:00:00Z'],
    ['a line end', '2026-01-01T00:00:00Z\n'],
    ['other digits', '２０２６-01-01T00:00:00Z'],
    ['nothing', ''],
  ])('refuses %s: %s', (_what, text) => expect(parseInstant(text)).toBeUndefined());

  it('refuses the year 0000', () => {
    expect(parseInstant('0000-12-31T00:00:00Z')).toBeUndefined();
    expect(parseInstant('0001-01-01T00:00:00+00:01')).toBeUndefined();
  });
});

it('formats the last millisecond asked for and any other', () => {
  for (const ms of [0, 0, 1, Date.UTC(2026, 0, 2, 3, 4, 5, 678), 0])
    expect(instantOf(ms)).toBe(new Date(ms).toISOString());
});

it('knows the one form of an instant', () => {
  expect(isInstant('2026-01-02T03:04:05.678Z')).toBe(true);
  const others = [
    '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.678+00:00',
    '2026-13-02T03:04:05.678Z',
    7,
    null,
    undefined,
  ];
  expect(others.filter(isInstant)).toEqual([]);
});

// Date.parse rolls the day over, so an instant that does not exist counts as one.
it('knows that 30 February is no instant', () => {
  expect(isInstant('2026-02-30T00:00:00.000Z')).toBe(false);
});
