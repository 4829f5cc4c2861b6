import { readAhead } from './read-ahead';

async function* sourcesOf(lists: readonly (readonly number[])[], begun: number[]) {
  for (const list of lists) yield source(list, begun);
}

/** A list that begins with a negative number fails there. */
async function* source(list: readonly number[], begun: number[]): AsyncGenerator<number> {
  for (const item of list) {
    begun.push(item);
    if (item < 0) throw new Error(`no ${item}`);
    yield item;
  }
}

it('gives items source by source, also of empty ones', async () => {
  const items: number[] = [];
  for await (const item of readAhead(sourcesOf([[1, 2], [], [3], [4, 5, 6]], []), 2)) items.push(item);
  expect(items).toEqual([1, 2, 3, 4, 5, 6]);
});

it('begins a few sources before their turn, and no more', async () => {
  const begun: number[] = [];
  const items = readAhead(sourcesOf([[1, 11], [2], [3], [4]], begun), 2);
  await items.next();
  expect(begun).toEqual([1, 2, 3]);
});

it('tells a fault when its turn comes', async () => {
  const seen: number[] = [];
  const reading = (async () => {
    for await (const item of readAhead(sourcesOf([[1, 2], [-1], [3]], []), 2)) seen.push(item);
  })();
  await expect(reading).rejects.toThrow('no -1');
  expect(seen).toEqual([1, 2]);
});
