import type { Document, DocumentGroup } from '#libs/core';
import { TestLedger } from '#libs/testing';
import { compareGroups } from './compare-groups';

const DOCUMENTS = 1_500;
const WANTED = { name: 'notes', version: 1, indexes: [] };

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(() => test.dispose());

async function groupOf(id: string, document: (i: number) => Document): Promise<DocumentGroup> {
  const group = await test.store().open(id, [WANTED]);
  const documents = Array.from({ length: DOCUMENTS }, (_, i) => {
    return { projection: WANTED.name, key: `k${i}`, document: { ...document(i), _customer: `c${i}` } };
  });
  await group.commit({ partition: 0, expected: undefined, next: undefined, documents, progress: [] });
  return group;
}

describe('a comparison', () => {
  // Where a store answers at once, nothing else would let timers and messages have their turn.
  it('lets others have a turn every few hundred documents, also where all are equal', async () => {
    const [built, served] = [await groupOf('a', (i) => ({ i })), await groupOf('b', (i) => ({ i }))];
    let turns = 0;
    const breathe = async (): Promise<void> => void turns++;
    const parity = await compareGroups(built, () => served, [WANTED], { breathe });
    expect(parity).toMatchObject({ compared: DOCUMENTS, differing: 0, undecided: 0 });
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it('names what differs, by its members', async () => {
    const [built, served] = [
      await groupOf('a', () => ({ n: 1 })),
      await groupOf('b', (i) => ({ n: i === 7 ? 2 : 1 })),
    ];
    const parity = await compareGroups(built, () => served, [WANTED], { breathe: async () => undefined });
    expect(parity).toMatchObject({
      compared: DOCUMENTS,
      differing: 1,
      examples: [{ projection: 'notes', customerId: 'c7', what: 'different', fields: ['n'] }],
    });
  });
});
