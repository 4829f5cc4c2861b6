import type { ApiKeyRow, CustomerRow, IdentifierEntry, Vault, VaultContent } from '#libs/core';
import { withEngine } from './engine-under-test';
import type { EngineUnderTest } from './engine-under-test';
import { uuidOf } from './opaque-records';

const ANNA = uuidOf(0xa);
const BERT = uuidOf(0xb);
const NOBODY = uuidOf(0xf);

const row = (version: number, body = `body ${version}`, customerId = ANNA): CustomerRow => {
  return { customerId, version, body };
};
const indexOf = (number: number): string => number.toString(16).padStart(32, '0');
const entry = (number: number, customerId = ANNA, linkedBy = uuidOf(number)): IdentifierEntry => {
  return { index: indexOf(number), customerId, linkedBy };
};

type VaultOf = () => Vault;

/** Held to by every `Vault`. */
export function vaultContract(name: string, make: () => Promise<EngineUnderTest<Vault>>): void {
  describe(`${name}: vault`, () => {
    withEngine(make, (vault, reopened) => {
      describe('rows', () => keepingRows(vault));
      describe('entries', () => keepingEntries(vault));
      describe('content', () => movingContent(vault));
      describe('secrets', () => keepingSecrets(vault));
      describe('API keys', () => keepingApiKeys(vault));

      it('has everything again when it is opened anew', async () => {
        const marked = { ...entry(2), unlinkedBy: uuidOf(9) };
        await vault().createSecrets('secrets');
        await vault().write({ row: row(1), entries: [entry(1), entry(2)] });
        await vault().write({ row: row(2), entries: [marked] });
        await vault().putApiKey(apiKey('one'));
        const again = await reopened();
        expect(await again.secrets()).toBe('secrets');
        expect(await again.rows([ANNA])).toEqual([row(2)]);
        expect(await again.lookup([indexOf(1), indexOf(2)])).toEqual([entry(1), marked]);
        expect(await again.apiKeys()).toEqual([apiKey('one')]);
        expect(await again.write({ row: row(2, 'late') })).toEqual({ outcome: 'stale' });
        expect(await again.write({ row: row(3) })).toEqual({ outcome: 'written' });
      });
    });
  });
}

function keepingRows(vault: VaultOf): void {
  it('takes a row with its next version only', async () => {
    expect(await vault().rows([ANNA, NOBODY])).toEqual([undefined, undefined]);
    expect(await vault().write({ row: row(2) })).toEqual({ outcome: 'stale' });
    expect(await vault().write({ row: row(1) })).toEqual({ outcome: 'written' });
    expect(await vault().write({ row: row(1, 'again') })).toEqual({ outcome: 'stale' });
    expect(await vault().write({ row: row(3) })).toEqual({ outcome: 'stale' });
    expect(await vault().write({ row: row(2) })).toEqual({ outcome: 'written' });
    expect(await vault().rows([NOBODY, ANNA, ANNA])).toEqual([undefined, row(2), row(2)]);
  });

  it('lets one of many concurrent writers of a version win', async () => {
    for (const version of [1, 2]) {
      const bodies = Array.from({ length: 32 }, (_, i) => `version ${version} of writer ${i}`);
      const results = await Promise.all(bodies.map((body) => vault().write({ row: row(version, body) })));
      const winners = bodies.filter((_, i) => results[i]?.outcome === 'written');
      expect(winners).toHaveLength(1);
      expect(results.filter(({ outcome }) => outcome === 'stale')).toHaveLength(31);
      expect(await vault().rows([ANNA])).toEqual([row(version, winners[0])]);
    }
  });

  it('keeps any body, and customers apart', async () => {
    const body = JSON.stringify({ v: 1, text: '客户 \u{1f600} \u0000 "\\', long: 'x'.repeat(100_000) });
    await Promise.all([vault().write({ row: row(1, body) }), vault().write({ row: row(1, 'b', BERT) })]);
    expect(await vault().rows([BERT, ANNA])).toEqual([row(1, 'b', BERT), row(1, body)]);
  });
}

function keepingEntries(vault: VaultOf): void {
  it('finds entries in the order asked', async () => {
    await vault().write({ entries: [entry(1), entry(2)] });
    await vault().write({ entries: [entry(3, BERT)] });
    const indexes = [3, 9, 1, 2, 1].map(indexOf);
    expect(await vault().lookup(indexes)).toEqual([entry(3, BERT), undefined, entry(1), entry(2), entry(1)]);
    expect(await vault().lookup([])).toEqual([]);
  });

  it('refuses a whole change where one entry is another customer’s', async () => {
    await vault().write({ row: row(1, 'b', BERT), entries: [entry(2, BERT)] });
    const change = { row: row(1), entries: [entry(1), entry(2), entry(3)] };
    expect(await vault().write(change)).toEqual({ outcome: 'taken', entry: entry(2, BERT) });
    expect(await vault().rows([ANNA])).toEqual([undefined]);
    expect(await vault().lookup([1, 2, 3].map(indexOf))).toEqual([undefined, entry(2, BERT), undefined]);
  });

  it('writes no entry of a change whose row is stale', async () => {
    await vault().write({ row: row(1) });
    expect(await vault().write({ row: row(1, 'again'), entries: [entry(1)] })).toEqual({ outcome: 'stale' });
    expect(await vault().lookup([indexOf(1)])).toEqual([undefined]);
    expect(await vault().rows([ANNA])).toEqual([row(1)]);
  });

  it('lets the same customer write an entry again: linked by another event, marked as unlinked', async () => {
    await vault().write({ entries: [entry(1)] });
    const marked = { ...entry(1), unlinkedBy: uuidOf(7) };
    expect(await vault().write({ entries: [marked] })).toEqual({ outcome: 'written' });
    expect(await vault().lookup([indexOf(1)])).toEqual([marked]);
    expect(await vault().write({ entries: [entry(1, BERT)] })).toEqual({ outcome: 'taken', entry: marked });
    const linkedAgain = entry(1, ANNA, uuidOf(8));
    expect(await vault().write({ entries: [linkedAgain] })).toEqual({ outcome: 'written' });
    expect(await vault().lookup([indexOf(1)])).toEqual([linkedAgain]);
  });

  it('gives an index that many customers ask for at once to one of them', async () => {
    const customers = Array.from({ length: 32 }, (_, i) => uuidOf(0x100 + i));
    const results = await Promise.all(
      customers.map((id) => vault().write({ row: row(1, 'x', id), entries: [entry(1, id)] })),
    );
    const winners = customers.filter((_, i) => results[i]?.outcome === 'written');
    expect(winners).toHaveLength(1);
    const lost = Array.from({ length: 31 }, () => ({ outcome: 'taken', entry: entry(1, winners[0]) }));
    expect(results.filter(({ outcome }) => outcome !== 'written')).toEqual(lost);
    const rows = await vault().rows(customers);
    expect(rows.filter((found) => found !== undefined)).toEqual([row(1, 'x', winners[0])]);
  });

  it('frees an entry for anybody; freeing again, or what was linked anew, changes nothing', async () => {
    await vault().write({ entries: [entry(1), entry(2)] });
    await vault().free(entry(1));
    expect(await vault().lookup([1, 2].map(indexOf))).toEqual([undefined, entry(2)]);
    expect(await vault().write({ entries: [entry(1, BERT, uuidOf(20))] })).toEqual({ outcome: 'written' });
    await vault().free(entry(1));
    await vault().free(entry(1, BERT, uuidOf(21)));
    expect(await vault().lookup([indexOf(1)])).toEqual([entry(1, BERT, uuidOf(20))]);
  });
}

function movingContent(vault: VaultOf): void {
  /** All pages of a copy, and how many there were. */
  const copied = async (limit: number): Promise<VaultContent & { readonly pages: number }> => {
    const rows: CustomerRow[] = [];
    const entries: IdentifierEntry[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ;) {
      const page = await vault().copy(cursor, limit);
      expect(page.rows.length + page.entries.length).toBeLessThanOrEqual(limit);
      rows.push(...page.rows);
      entries.push(...page.entries);
      pages++;
      if (page.next === undefined) return { rows, entries, pages };
      cursor = page.next;
    }
  };
  const customers = Array.from({ length: 7 }, (_, i) => uuidOf(0x200 + i));
  const rows = customers.map((id, i) => row(i + 1, `body of ${i}`, id));
  const entries = customers.map((id, i) => entry(i, id));

  it('is copied page by page, whole, each row and entry once', async () => {
    expect(await copied(3)).toMatchObject({ rows: [], entries: [] });
    await vault().restore({ rows, entries });
    for (const limit of [1, 3, 7, 100]) expect(await copied(limit)).toMatchObject({ rows, entries });
    expect((await copied(3)).pages).toBeGreaterThan(4);
  });

  it('is restored as it is, at any version, with marks; again changes nothing', async () => {
    const marked = entries.map((each, i) => (i === 2 ? { ...each, unlinkedBy: uuidOf(9) } : each));
    for (let i = 0; i < 2; i++) {
      expect(await vault().restore({ rows, entries: marked })).toEqual({ outcome: 'written' });
      expect(await copied(100)).toMatchObject({ rows, entries: marked });
    }
    expect(await vault().write({ row: row(8, 'next', customers[6]) })).toEqual({ outcome: 'written' });
  });

  it('is refused as a whole where a row or an entry is there with other content', async () => {
    const [first, second] = [rows[0], rows[1]];
    if (first === undefined || second === undefined) throw new Error('rows are missing');
    await vault().restore({ rows: [first], entries: [entry(0, customers[0])] });
    for (const changed of [
      { ...first, version: 9 },
      { ...first, body: 'x' },
    ]) {
      expect(await vault().restore({ rows: [second, changed], entries: [] })).toEqual({ outcome: 'stale' });
    }
    for (const changed of [entry(0, BERT), entry(0, customers[0], uuidOf(8))]) {
      const content = { rows: [second], entries: [entry(1), changed] };
      expect(await vault().restore(content)).toEqual({ outcome: 'taken', entry: entry(0, customers[0]) });
    }
    expect(await copied(100)).toMatchObject({ rows: [first], entries: [entry(0, customers[0])] });
  });
}

function keepingSecrets(vault: VaultOf): void {
  it('are written once', async () => {
    expect(await vault().secrets()).toBeUndefined();
    await vault().createSecrets('first');
    await expect(vault().createSecrets('second')).rejects.toThrow();
    expect(await vault().secrets()).toBe('first');
  });
}

function apiKey(name: string, change: Partial<ApiKeyRow> = {}): ApiKeyRow {
  const hash = Buffer.from(name).toString('hex').padEnd(64, '0');
  return {
    keyId: `key_${name}`,
    hash,
    name,
    roles: ['agent'],
    createdAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

function keepingApiKeys(vault: VaultOf): void {
  it('are put, replaced, listed and removed', async () => {
    expect(await vault().apiKeys()).toEqual([]);
    const one = apiKey('one', {
      roles: ['dpo', 'admin'],
      expiresAt: '2027-01-01T00:00:00.000Z',
      name: 'Größe 客',
    });
    const two = apiKey('two', { createdAt: '2026-01-02T00:00:00.000Z' });
    await vault().putApiKey(two);
    await vault().putApiKey(one);
    const byId = async (): Promise<readonly ApiKeyRow[]> =>
      (await vault().apiKeys()).toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1));
    expect(await byId()).toEqual([one, two]);
    const replaced = apiKey('two', { hash: 'f'.repeat(64) });
    await vault().putApiKey(replaced);
    expect(await byId()).toEqual([one, replaced]);
    expect(await vault().removeApiKey('key_one')).toBe(true);
    expect(await vault().removeApiKey('key_one')).toBe(false);
    expect(await byId()).toEqual([replaced]);
  });
}
