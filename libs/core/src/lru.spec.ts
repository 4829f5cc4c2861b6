import { Lru } from './lru';

const filled = (): Lru<number> => {
  const lru = new Lru<number>(3);
  for (const [i, key] of ['a', 'b', 'c'].entries()) lru.set(key, i);
  return lru;
};
const left = (lru: Lru<number>): string[] => ['a', 'b', 'c', 'd'].filter((key) => lru.get(key) !== undefined);

it('forgets what was set longest ago', () => {
  const lru = filled();
  lru.set('d', 3);
  expect(left(lru)).toEqual(['b', 'c', 'd']);
});

it('keeps what was asked for or set again', () => {
  const asked = filled();
  expect(asked.get('a')).toBe(0);
  asked.set('d', 3);
  expect(left(asked)).toEqual(['a', 'c', 'd']);
  const again = filled();
  again.set('a', 9);
  again.set('d', 3);
  expect(left(again)).toEqual(['a', 'c', 'd']);
  expect(again.get('a')).toBe(9);
});

it('deletes and clears', () => {
  const lru = filled();
  lru.delete('b');
  lru.delete('never');
  lru.set('d', 3);
  expect(left(lru)).toEqual(['a', 'c', 'd']);
  lru.clear();
  expect(left(lru)).toEqual([]);
});
