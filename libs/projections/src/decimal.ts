/** Exact sum of two decimals in plain notation; as many fraction digits as the longer one. */
export function addDecimals(a: string, b: string): string {
  const digits = Math.max(fractionDigits(a), fractionDigits(b));
  const sum = scaled(a, digits) + scaled(b, digits);
  const sign = sum < 0n ? '-' : '';
  const text = (sum < 0n ? -sum : sum).toString().padStart(digits + 1, '0');
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function fractionDigits(decimal: string): number {
  const point = decimal.indexOf('.');
  return point === -1 ? 0 : decimal.length - point - 1;
}

function scaled(decimal: string, digits: number): bigint {
  return BigInt(decimal.replace('.', '') + '0'.repeat(digits - fractionDigits(decimal)));
}
