import { dateFormat, readInstant } from './dates';
import { UTC, timeZone } from './time-zone';

function read(text: string, pattern: string, zone = 'UTC'): string | undefined {
  const format = dateFormat(pattern);
  const place = timeZone(zone);
  if (typeof format === 'string' || place === undefined) throw new Error(`${pattern} ${zone}`);
  return readInstant(text, [format], place);
}

describe('date formats', () => {
  it.each([
    ['2010-12-01 08:26:00', 'yyyy-MM-dd HH:mm:ss', '2010-12-01T08:26:00.000Z'],
    ['7/29/2013', 'M/d/yyyy', '2013-07-29T00:00:00.000Z'],
    ['12/1/10 8:26', 'M/d/yy H:mm', '2010-12-01T08:26:00.000Z'],
    ['19970118', 'yyyyMMdd', '1997-01-18T00:00:00.000Z'],
    ['01-Feb-2021 12:05 AM', 'dd-MMM-yyyy hh:mm a', '2021-02-01T00:05:00.000Z'],
    ['February 1, 2021 3:05 pm', 'MMMM d, yyyy h:mm a', '2021-02-01T15:05:00.000Z'],
    ['Tue, 01 Feb 2022 10:00:00 +0530', 'EEE, dd MMM yyyy HH:mm:ss XX', '2022-02-01T04:30:00.000Z'],
    ['2010-12-01T08', "yyyy-MM-dd'T'HH", '2010-12-01T08:00:00.000Z'],
    ['2010-12-01', 'iso', '2010-12-01T00:00:00.000Z'],
    ['2010-12-01T08:26Z', 'iso', '2010-12-01T08:26:00.000Z'],
    ['2010-12-01 08:26:00.123456-05:00', 'iso', '2010-12-01T13:26:00.123Z'],
    ['1291191960', 'unix-seconds', '2010-12-01T08:26:00.000Z'],
    ['1291191960.5', 'unix-seconds', '2010-12-01T08:26:00.500Z'],
    ['1291191960123', 'unix-ms', '2010-12-01T08:26:00.123Z'],
  ])('%s by %s is %s', (text, pattern, expected) => expect(read(text, pattern)).toBe(expected));

  it('refuses dates that do not exist and texts that do not fit', () => {
    for (const text of ['2/30/2020', '13/1/2020', '1/1/20', '2020-01-01', '1/1/2020 10:00', '']) {
      expect(read(text, 'M/d/yyyy')).toBeUndefined();
    }
    expect(read('2020-01-01 24:00:00', 'yyyy-MM-dd HH:mm:ss')).toBeUndefined();
    expect(read('99999999999999999', 'unix-ms')).toBeUndefined();
  });

  it('says what is wrong with a pattern', () => {
    expect(dateFormat('yyyy-MM-DD')).toBe('"DD" is no part of a date pattern');
    expect(dateFormat('yyyy-MM')).toBe('it has no dd');
    expect(dateFormat('yyyy-MM-dd hh:mm')).toBe('hh and a (AM/PM) need each other');
    expect(dateFormat('yyyy-MM-dd d')).toBe('"d" says again what another part says');
  });

  it('tries formats in turn and leaves a finished instant alone', () => {
    const formats = ['M/d/yyyy H:mm', 'M/d/yyyy']
      .map(dateFormat)
      .filter((format) => typeof format !== 'string');
    expect(readInstant('1/2/2020', formats, UTC)).toBe('2020-01-02T00:00:00.000Z');
    expect(readInstant('2020-01-02T03:04:05.678Z', formats, UTC)).toBe('2020-01-02T03:04:05.678Z');
  });
});

describe('time zones', () => {
  const london = (text: string): string | undefined => read(text, 'iso', 'Europe/London');

  it('follows summer time', () => {
    expect(london('2010-12-01T08:26')).toBe('2010-12-01T08:26:00.000Z');
    expect(london('2010-07-01T08:26')).toBe('2010-07-01T07:26:00.000Z');
    expect(read('2010-12-01', 'iso', 'Asia/Shanghai')).toBe('2010-11-30T16:00:00.000Z');
    expect(read('2010-12-01', 'iso', 'America/New_York')).toBe('2010-12-01T05:00:00.000Z');
  });

  it('moves a time in the gap forward and takes the first of a time that occurs twice', () => {
    expect(london('2021-03-28T00:59')).toBe('2021-03-28T00:59:00.000Z');
    expect(london('2021-03-28T01:30')).toBe('2021-03-28T01:30:00.000Z'); // reads 02:30 on the clock
    expect(london('2021-03-28T02:30')).toBe('2021-03-28T01:30:00.000Z');
    expect(london('2021-10-31T01:30')).toBe('2021-10-31T00:30:00.000Z');
    expect(london('2021-10-31T02:00')).toBe('2021-10-31T02:00:00.000Z');
    expect(read('2021-03-14T02:30', 'iso', 'America/New_York')).toBe('2021-03-14T07:30:00.000Z');
    expect(read('2021-11-07T01:30', 'iso', 'America/New_York')).toBe('2021-11-07T05:30:00.000Z');
    expect(read('2021-04-04T01:45', 'iso', 'Australia/Lord_Howe')).toBe('2021-04-03T14:45:00.000Z');
  });

  it('does not apply to a text that names its own offset, and knows only real zones', () => {
    expect(london('2010-07-01T08:26Z')).toBe('2010-07-01T08:26:00.000Z');
    expect(timeZone('Europe/Atlantis')).toBeUndefined();
    expect(timeZone('utc')).toBe(UTC);
  });
});
