import { sameJson, sameMembers } from './json';
import type { Json } from './json';

const parsed = (text: string): Json => JSON.parse(text);

it.each([
  ['{"a":1,"b":[{"c":null}]}', '{"b":[{"c":null}],"a":1}'],
  ['[]', '[]'],
  ['null', 'null'],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
])('%s says the same as %s', (a, b) => {
  expect(sameJson(parsed(a), parsed(b))).toBe(true);
});

it.each([
  ['{"a":1}', '{"a":2}'],
  ['{"a":1}', '{"a":1,"b":null}'],
  ['{"a":1,"b":null}', '{"a":1}'],
  ['{"a":null}', '{"b":null}'],
  ['[1,2]', '[2,1]'],
  ['[1]', '[1,1]'],
  ['[]', '{}'],
  ['{}', '[]'],
  ['null', '{}'],
  ['0', '"0"'],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}'],
  ['{"__proto__":{}}', '{}'],
  ['{"toString":1}', '{"valueOf":1}'],
])('%s says something else than %s', (a, b) => {
  expect(sameJson(parsed(a), parsed(b))).toBe(false);
});

it('a member that is undefined is not there', () => {
  expect(sameJson(undefined, undefined)).toBe(true);
  expect(sameJson(undefined, null)).toBe(false);
  expect(sameMembers({ a: 1 }, JSON.parse('{"a":1}'), [])).toBe(true);
  const absent: Record<string, Json> = { a: 1 };
  Object.assign(absent, { b: undefined });
  expect([sameMembers(absent, { a: 1 }, []), sameMembers({ a: 1 }, absent, [])]).toEqual([true, true]);
});

it('members that are named may differ', () => {
  expect(sameMembers({ a: 1, v: 1 }, { v: 2, a: 1 }, ['v'])).toBe(true);
  expect(sameMembers({ a: 1, v: 1 }, { a: 1 }, ['v'])).toBe(true);
  expect(sameMembers({ a: 1, v: 1 }, { a: 2, v: 1 }, ['v'])).toBe(false);
});
