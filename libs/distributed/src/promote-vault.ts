import type { CustomerRow, IdentifierEntry, Vault, VaultContent } from '#libs/core';
import { goOn, PromoteError } from './promote-steps';
import type { PromoteWatch } from './promote-steps';
import type { SecretsSource } from './distributed';

/** Rows or entries of one page, and of one transaction of the target. */
const PAGE = 500;

/** Puts the ledger's own secrets into the target; refuses where another ledger is there. */
export function adoptSecrets(text: string): SecretsSource {
  return async (vault, log) => {
    const there = await vault.secrets();
    if (there === text) return;
    if (there !== undefined || (await log.lastPosition()) > 0) {
      throw new PromoteError('another ledger is in the target: give promote empty databases of its own');
    }
    await vault.createSecrets(text);
  };
}

/** Nothing is made; refuses where the ledger was not promoted to. */
export function expectSecrets(text: string): SecretsSource {
  return async (vault) => {
    if ((await vault.secrets()) !== text)
      throw new PromoteError('this ledger was not promoted to the target');
  };
}

/**
 * All rows and entries, as they are. API keys go along while the target's log is `empty` only: later the target may have
 * revoked some, and they must not come back.
 */
export async function copyVault(
  source: Vault,
  target: Vault,
  { empty, watch }: { readonly empty: boolean; readonly watch: PromoteWatch },
): Promise<void> {
  if (empty) for (const row of await source.apiKeys()) await target.putApiKey(row);
  let count = 0;
  for await (const page of pages(source)) {
    goOn(watch);
    const { outcome } = await target.restore(page);
    if (outcome !== 'written') {
      throw new PromoteError(
        'the vault of the target has other content than this ledger’s: one of them was written to since the copy began; begin again with empty databases',
      );
    }
    count += page.rows.length + page.entries.length;
    watch.tell({ phase: 'vault', share: 0, count });
  }
}

export interface VaultEquality {
  readonly rows: number;
  readonly entries: number;
  readonly apiKeys: number;
  /** Rows, entries and API keys that one side lacks, or that are not the same. */
  readonly differing: number;
}

/** Compares what two vaults hold, without opening any of it. */
export async function compareVaults(
  source: Vault,
  target: Vault,
  watch: PromoteWatch,
): Promise<VaultEquality> {
  let rows = 0;
  let entries = 0;
  let same = 0;
  for await (const page of pages(source)) {
    goOn(watch);
    rows += page.rows.length;
    entries += page.entries.length;
    const theirRows = await target.rows(page.rows.map(({ customerId }) => customerId));
    const theirEntries = await target.lookup(page.entries.map(({ index }) => index));
    same += page.rows.filter((row, i) => sameRow(row, theirRows[i])).length;
    same += page.entries.filter((entry, i) => sameEntry(entry, theirEntries[i])).length;
  }
  let there = 0;
  for await (const page of pages(target)) there += page.rows.length + page.entries.length;
  // All that is the same is on both sides; the rest of either side is not on the other, or not the same there.
  const differing = Math.max(rows + entries, there) - same;
  const keys = await compareApiKeys(source, target);
  return { rows, entries, apiKeys: keys.count, differing: differing + keys.differing };
}

async function compareApiKeys(source: Vault, target: Vault): Promise<{ count: number; differing: number }> {
  const describe = async (vault: Vault): Promise<readonly string[]> =>
    (await vault.apiKeys()).map(({ keyId, hash, name, roles, createdAt, expiresAt = '' }) =>
      JSON.stringify([keyId, hash, name, roles.toSorted(), createdAt, expiresAt]),
    );
  const ours = await describe(source);
  const theirs = new Set(await describe(target));
  const same = ours.filter((key) => theirs.has(key)).length;
  return { count: ours.length, differing: Math.max(ours.length, theirs.size) - same };
}

async function* pages(vault: Vault): AsyncGenerator<VaultContent> {
  for (let cursor: string | undefined; ;) {
    const { next, ...page } = await vault.copy(cursor, PAGE);
    yield page;
    if (next === undefined) return;
    cursor = next;
  }
}

function sameRow(ours: CustomerRow, theirs: CustomerRow | undefined): boolean {
  return theirs !== undefined && ours.version === theirs.version && ours.body === theirs.body;
}

function sameEntry(ours: IdentifierEntry, theirs: IdentifierEntry | undefined): boolean {
  if (theirs === undefined || ours.customerId !== theirs.customerId) return false;
  return ours.linkedBy === theirs.linkedBy && ours.unlinkedBy === theirs.unlinkedBy;
}
