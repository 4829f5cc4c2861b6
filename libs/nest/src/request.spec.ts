import { idempotencyKeyOf, ifMatchOf, waitOf } from './request';

const invalidHeader = expect.objectContaining({ code: 'invalid-header', status: 400 });
const invalidQuery = expect.objectContaining({ code: 'invalid-query', status: 400 });

it('reads Idempotency-Key', () => {
  expect(idempotencyKeyOf({})).toBeUndefined();
  for (const key of ['a', ' ~!"$', 'x'.repeat(255)])
    expect(idempotencyKeyOf({ 'idempotency-key': key })).toBe(key);
});

it.each(['', 'a#1', 'x'.repeat(256), 'tab\there', 'ü', 'a\n'])('refuses the Idempotency-Key %p', (key) => {
  expect(() => idempotencyKeyOf({ 'idempotency-key': key })).toThrow(invalidHeader);
});

it('reads If-Match', () => {
  expect(ifMatchOf({})).toBeUndefined();
  expect(ifMatchOf({ 'if-match': '"0"' })).toBe(0);
  expect(ifMatchOf({ 'if-match': '"9007199254740991"' })).toBe(Number.MAX_SAFE_INTEGER);
});

it.each([
  '7',
  '*',
  '""',
  '"07"',
  '"-1"',
  '"1.5"',
  'W/"7"',
  '"7", "8"',
  '"9007199254740992"',
  '"9999999999999999"',
])('refuses the If-Match %p', (tag) => {
  expect(() => ifMatchOf({ 'if-match': tag })).toThrow(invalidHeader);
});

it('reads what a reader waits for', () => {
  expect(waitOf({})).toBeUndefined();
  expect(waitOf({ waitMs: '5' })).toBeUndefined();
  expect(waitOf({ waitFor: '3' })).toEqual({ revision: 3, timeoutMs: 10_000 });
  expect(waitOf({ waitFor: '0', waitMs: '0' })).toEqual({ revision: 0, timeoutMs: 0 });
});

it.each([
  { waitFor: '' },
  { waitFor: '-1' },
  { waitFor: '1e3' },
  { waitFor: ['1', '2'] },
  { waitFor: '1', waitMs: '10001' },
  { waitMs: 'soon' },
])('refuses to wait for %p', (query) => {
  expect(() => waitOf(query)).toThrow(invalidQuery);
});
