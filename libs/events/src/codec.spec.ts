import {
  attributes,
  code,
  identifier,
  instant,
  integer,
  item,
  listOf,
  MAX_NESTING,
  money,
  oneOf,
  text,
  uuid,
} from './codec';
import type { Codec } from './codec';

const uuidText = '01890a5d-ac96-774b-bcce-b302099a8059';
const nested = (depth: number): object => (depth === 1 ? {} : { in: nested(depth - 1) });
const m = { amount: '1.00', currency: 'EUR' };

const CASES: readonly (readonly [string, Codec<unknown>, readonly unknown[], readonly unknown[]])[] = [
  ['text', text(3), ['', 'abc', '\u0000', '客'], ['abcd', '\ud800', 7, null, undefined, ['a']]],
  ['code', code, ['a', '5.1.1', 'x'.repeat(64)], ['', 'A', 'a b', 'x'.repeat(65), 1]],
  ['uuid', uuid, [uuidText], ['', uuidText.toUpperCase(), `${uuidText}0`]],
  ['instant', instant, ['2026-01-01T00:00:00.000Z'], ['2026-01-01', '2026-01-01T00:00:00Z', 0, new Date(0)]],
  ['oneOf', oneOf(['a', 'b']), ['a', 'b'], ['c', '', 'A', ['a'], undefined]],
  ['integer', integer(0, 10), [0, 10], [-1, 11, 0.5, Number.NaN, Infinity, '5', null, [5], true]],
  ['listOf', listOf(code, 2), [[], ['a', 'b']], [['a', 'b', 'c'], ['A'], 'a', { 0: 'a' }]],
  [
    'money',
    money,
    [m, { ...m, amount: '-0.000001' }, { ...m, amount: '999999999999999.999999' }],
    [
      ...['1.', '.5', '1e3', '+1', '1,0', '', ' 1', '1\n', '1.0000001', '1234567890123456', 1].map(
        (amount) => ({ ...m, amount }),
      ),
      ...['eur', 'EURO', '', 'E€R'].map((currency) => ({ ...m, currency })),
      { amount: '1' },
      { ...m, more: 1 },
      [m],
      null,
    ],
  ],
  [
    'identifier',
    identifier,
    [{ type: 'email', value: 'x' }],
    [
      { type: 'E', value: 'x' },
      { type: 'email' },
      { type: 'email', value: 'x'.repeat(1_025) },
      { type: 'email', value: 'x', more: 1 },
    ],
  ],
  [
    'item',
    item,
    [
      { sku: 'x', quantity: 1 },
      { sku: 'x', quantity: -1, name: 'n', unitPrice: m },
    ],
    [
      { sku: 'x' },
      { sku: 'x', quantity: 0.5 },
      { quantity: 1 },
      { sku: 'x', quantity: 1, unitPrice: '1' },
      { sku: 'x', quantity: 1, more: 1 },
    ],
  ],
  [
    'attributes',
    attributes,
    [{}, { a: [1, null, 'x', true, { b: [] }] }, nested(MAX_NESTING), { n: Number.MAX_SAFE_INTEGER }],
    [
      [],
      null,
      'x',
      { a: 1.5 },
      { a: 2 ** 53 },
      { a: '\ud800' },
      nested(MAX_NESTING + 1),
      { a: 1n },
      { a: () => 1 },
    ],
  ],
];

it.each(CASES)('%s takes what it should and nothing else', (_name, codec, good, bad) => {
  expect(good.filter((value) => !codec.is(value))).toEqual([]);
  expect(bad.filter((value) => codec.is(value))).toEqual([]);
});

// jcs refuses such a member when the event is sealed, so the command fails with a fault instead of a refusal.
it('attributes take no name with a lone surrogate', () => {
  expect(attributes.is({ 'a\ud800': 1 })).toBe(false);
});
