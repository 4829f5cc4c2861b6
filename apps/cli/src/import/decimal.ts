/** An exact decimal number: `units` / 10^`scale`. Money never passes through floating point. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Digits of one number in the input; longer ones are no amounts, and BigInt would get slow on them. */
const MAX_DIGITS = 60;

export const ZERO: Decimal = { units: 0n, scale: 0 };

const PLAIN = /^([+-]?)(\d*)(?:\.(\d*))?$/;

/** Plain notation only (`-12.50`, `+3`, `.5`). No exponent, currency sign or grouping: those are `decimal()`'s to remove. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > MAX_DIGITS) return undefined;
  const match = PLAIN.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const magnitude = BigInt(whole + fraction);
  return { units: sign === '-' ? -magnitude : magnitude, scale: fraction.length };
}

export function formatDecimal(value: Decimal): string {
  const negative = value.units < 0n;
  const digits = (negative ? -value.units : value.units).toString().padStart(value.scale + 1, '0');
  const split = digits.length - value.scale;
  const text = value.scale === 0 ? digits : `${digits.slice(0, split)}.${digits.slice(split)}`;
  return negative ? `-${text}` : text;
}

export function add(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  return { units: unitsAt(left, scale) + unitsAt(right, scale), scale };
}

export function negate(value: Decimal): Decimal {
  return { units: -value.units, scale: value.scale };
}

export function multiply(left: Decimal, right: Decimal): Decimal {
  return { units: left.units * right.units, scale: left.scale + right.scale };
}

/** Negative, 0 or positive, as sorting wants it. */
export function compare(left: Decimal, right: Decimal): number {
  const scale = Math.max(left.scale, right.scale);
  const difference = unitsAt(left, scale) - unitsAt(right, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Halves away from zero, as invoices do it. Never lengthens: 2.5 to three places is still 2.5. */
export function round(value: Decimal, places: number): Decimal {
  if (value.scale <= places) return value;
  const divisor = 10n ** BigInt(value.scale - places);
  const magnitude = value.units < 0n ? -value.units : value.units;
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return { units: value.units < 0n ? -rounded : rounded, scale: places };
}

/** The same number with as few decimals as it needs, but at least `places`. */
export function withPlaces(value: Decimal, places: number): Decimal {
  let { units, scale } = value;
  while (scale > places && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return scale < places ? { units: unitsAt({ units, scale }, places), scale: places } : { units, scale };
}

/**
 * A number as people write it: `$1,234.50`, `1.234,50 €` (with the mark `,`), `(12.00)` and `12.00-` for negative ones.
 * Undefined where what is left is no number, or where the grouping is not in threes (`1,5` is not 15).
 */
export function cleanDecimal(text: string, mark: '.' | ','): Decimal | undefined {
  let rest = text.replace(/[\s\u00a0\u202f'’]|\p{Sc}|^[A-Za-z]{3}(?=[\s\d-])|(?<=[\s\d])[A-Za-z]{3}$/gu, '');
  let negative = false;
  if (/^\(.*\)$/.test(rest) || /^[^-]+-$/.test(rest)) {
    negative = true;
    rest = rest.replace(/^\(|[)-]$/g, '');
  }
  const group = mark === '.' ? ',' : '.';
  const [whole = '', ...fraction] = rest.split(mark);
  if (fraction.length > 1) return undefined;
  if (whole.includes(group) && !isGrouped(whole, group)) return undefined;
  const plain = whole.replaceAll(group, '') + (fraction[0] === undefined ? '' : `.${fraction[0]}`);
  const value = parseDecimal(plain);
  return value !== undefined && negative ? negate(value) : value;
}

function isGrouped(whole: string, group: string): boolean {
  const [first = '', ...threes] = whole.replace(/^[+-]/, '').split(group);
  return /^\d{1,3}$/.test(first) && threes.every((three) => /^\d{3}$/.test(three));
}

function unitsAt(value: Decimal, scale: number): bigint {
  return value.scale === scale ? value.units : value.units * 10n ** BigInt(scale - value.scale);
}
