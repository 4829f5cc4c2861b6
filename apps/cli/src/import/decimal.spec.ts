import {
  add,
  cleanDecimal,
  compare,
  formatDecimal,
  multiply,
  parseDecimal,
  round,
  withPlaces,
} from './decimal';
import type { Decimal } from './decimal';

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`${text} is no decimal`);
  return value;
}
const clean = (text: string, mark: '.' | ',' = '.'): string | undefined => {
  const value = cleanDecimal(text, mark);
  return value === undefined ? undefined : formatDecimal(value);
};

describe('exact decimals', () => {
  it('adds and multiplies what floating point cannot', () => {
    expect(formatDecimal(add(decimal('0.1'), decimal('0.2')))).toBe('0.3');
    expect(formatDecimal(multiply(decimal('1.005'), decimal('1000')))).toBe('1005.000');
    expect(formatDecimal(multiply(decimal('-2.55'), decimal('6')))).toBe('-15.30');
    expect(formatDecimal(add(decimal('9007199254740993'), decimal('0.01')))).toBe('9007199254740993.01');
  });

  it('reads plain notation only', () => {
    expect(formatDecimal(decimal('.5'))).toBe('0.5');
    expect(formatDecimal(decimal('+3.'))).toBe('3');
    expect(formatDecimal(decimal('-0.05'))).toBe('-0.05');
    for (const text of ['', '-', '.', '1e5', '1,000', '$1', 'NaN', ' 1', '1'.repeat(61)]) {
      expect(parseDecimal(text)).toBeUndefined();
    }
  });

  it('rounds halves away from zero, and keeps or pads places', () => {
    expect(formatDecimal(round(decimal('2.345'), 2))).toBe('2.35');
    expect(formatDecimal(round(decimal('-2.345'), 2))).toBe('-2.35');
    expect(formatDecimal(round(decimal('2.344'), 2))).toBe('2.34');
    expect(formatDecimal(withPlaces(decimal('15.3'), 2))).toBe('15.30');
    expect(formatDecimal(withPlaces(decimal('15.3000'), 2))).toBe('15.30');
    expect(formatDecimal(withPlaces(decimal('15.305'), 2))).toBe('15.305');
    expect(formatDecimal(withPlaces(decimal('1000.00'), 0))).toBe('1000');
  });

  it('compares across scales', () => {
    expect(compare(decimal('1.10'), decimal('1.1'))).toBe(0);
    expect(compare(decimal('-1'), decimal('0.5'))).toBe(-1);
    expect(compare(decimal('10'), decimal('9.99'))).toBe(1);
  });
});

describe('numbers as people write them', () => {
  it.each([
    ['$1,234.50', '1234.50'],
    ['£ 12', '12'],
    ['-$5.00', '-5.00'],
    ['(1,234.50)', '-1234.50'],
    ['12.00-', '-12.00'],
    ['USD 7.25', '7.25'],
    ['7.25 EUR', '7.25'],
    ["1'234.50", '1234.50'],
  ])('%s is %s', (text, expected) => expect(clean(text)).toBe(expected));

  it('takes another decimal mark', () => {
    expect(clean('1.234,50 €', ',')).toBe('1234.50');
    expect(clean('1 234,5', ',')).toBe('1234.5');
  });

  it('refuses what could be read two ways', () => {
    expect(clean('1,5')).toBeUndefined();
    expect(clean('1.234,50')).toBeUndefined();
    expect(clean('12 apples')).toBeUndefined();
    expect(clean('')).toBeUndefined();
  });
});
