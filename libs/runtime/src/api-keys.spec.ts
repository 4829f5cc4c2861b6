import { randomBytes } from 'node:crypto';
import { ROLES } from '#libs/core';
import type { ApiKeyRow, Vault } from '#libs/core';
import { ADMIN_KEY_ID, ApiKeys, LOCAL_KEY_ID, MAX_API_KEYS } from './api-keys';
import type { CreatedApiKey } from './api-keys';

const ADMIN_KEY = 'an admin key of thirty-two letters';
const pepper = randomBytes(32);
const random = { bytes: (length: number) => randomBytes(length) };

/** The keys of a vault; nothing else of it is asked for here. */
class KeyVault implements Pick<Vault, 'apiKeys' | 'putApiKey' | 'removeApiKey'> {
  readonly rows = new Map<string, ApiKeyRow>();
  reads = 0;
  fault: Error | undefined;
  /** Runs between reading the rows and handing them over. */
  meanwhile: (() => Promise<unknown>) | undefined;

  async apiKeys(): Promise<readonly ApiKeyRow[]> {
    this.reads++;
    if (this.fault !== undefined) throw this.fault;
    const rows = [...this.rows.values()];
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
    return rows;
  }

  async putApiKey(row: ApiKeyRow): Promise<void> {
    this.rows.set(row.keyId, row);
  }

  async removeApiKey(keyId: string): Promise<boolean> {
    return this.rows.delete(keyId);
  }
}

function given() {
  const vault = new KeyVault();
  const clock = { ms: Date.parse('2026-01-01T00:00:00.000Z'), nowMs: () => clock.ms };
  const start = () => new ApiKeys({ vault: vault as unknown as Vault, pepper, clock, random });
  return { vault, clock, start, keys: start() };
}

async function create(
  keys: ApiKeys,
  roles: readonly string[] = ['agent'],
  expiresAt?: string,
): Promise<CreatedApiKey> {
  const created = await keys.create({
    name: 'test',
    roles,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  if ('refused' in created) throw new Error(created.refused.detail);
  return created;
}

describe('a created key', () => {
  it('authenticates with its roles; only its hash is stored', async () => {
    const { keys, vault } = given();
    const { keyId, key } = await create(keys, ['dpo', 'agent', 'agent']);
    expect(keyId).toMatch(/^key_[0-9a-z]{8}$/);
    expect(keys.authenticate(key)).toEqual({ keyId, roles: ['agent', 'dpo'] });
    const stored = JSON.stringify([...vault.rows.values()]);
    expect(stored).not.toContain(key);
    expect(stored).not.toContain(key.slice(17, 60));
  });

  it('is listed without its hash', async () => {
    const { keys } = given();
    const { key: _key, ...info } = await create(keys);
    expect(await keys.list()).toEqual([info]);
  });

  it('is good until it expires', async () => {
    const { keys, clock } = given();
    const { key, keyId } = await create(keys, ['agent'], '2026-01-01T00:00:10.000Z');
    clock.ms += 9_999;
    expect(keys.authenticate(key)).toMatchObject({ keyId });
    clock.ms += 1;
    expect(await keys.authenticate(key)).toBeUndefined();
  });

  it('is good until it is revoked', async () => {
    const { keys } = given();
    const { key, keyId } = await create(keys);
    expect(await keys.revoke(keyId)).toBe(true);
    expect(await keys.authenticate(key)).toBeUndefined();
    expect(await keys.revoke(keyId)).toBe(false);
  });

  it('does not come back with a picture of the vault from before its revocation', async () => {
    const { keys, clock, vault } = given();
    const { key, keyId } = await create(keys);
    clock.ms += 31_000;
    const revoked = new Promise((resolve) => {
      vault.meanwhile = async () => resolve(keys.revoke(keyId));
    });
    expect(keys.authenticate(key)).toMatchObject({ keyId });
    expect(await revoked).toBe(true);
    expect(await keys.authenticate(key)).toBeUndefined();
  });
});

describe('another process', () => {
  it('knows a new key at once and a revoked one no more after a minute', async () => {
    const { keys, start, clock } = given();
    const other = start();
    await other.ensureFirst(ADMIN_KEY);
    const { key, keyId } = await create(keys);
    clock.ms += 1_001;
    expect(await other.authenticate(key)).toMatchObject({ keyId });
    await keys.revoke(keyId);
    expect(other.authenticate(key)).toMatchObject({ keyId });
    clock.ms += 60_001;
    expect(await other.authenticate(key)).toBeUndefined();
  });

  it('is asked at most once a second for keys that nobody knows, never for nonsense', async () => {
    const { keys, start, vault, clock } = given();
    const unknown = (await create(given().keys)).key;
    await create(keys);
    const other = start();
    await other.authenticate(unknown);
    const { reads } = vault;
    for (let i = 0; i < 100; i++) expect(await other.authenticate(unknown)).toBeUndefined();
    clock.ms += 1_001;
    for (let i = 0; i < 100; i++) expect(await other.authenticate(`ts_live_${i}`)).toBeUndefined();
    expect(vault.reads).toBe(reads);
    await other.authenticate(unknown);
    expect(vault.reads).toBe(reads + 1);
  });
});

describe('while the vault fails', () => {
  it('known keys are good for a minute, then nobody is let in', async () => {
    const { keys, vault, clock } = given();
    const { key, keyId } = await create(keys);
    vault.fault = new Error('disk');
    clock.ms += 60_000;
    expect(keys.authenticate(key)).toMatchObject({ keyId });
    await new Promise(setImmediate);
    clock.ms += 1;
    await expect(keys.authenticate(key)).rejects.toThrow('disk');
    vault.fault = undefined;
    expect(await keys.authenticate(key)).toMatchObject({ keyId });
  });

  it('a clock that was put back does not make old keys fresh', async () => {
    const { keys, vault, clock } = given();
    const { key } = await create(keys);
    clock.ms -= 3_600_000;
    vault.rows.clear();
    expect(await keys.authenticate(key)).toBeUndefined();
  });
});

describe('the first key', () => {
  it('is made once, with all roles, where there is none', async () => {
    const { keys, start } = given();
    const first = await keys.ensureFirst();
    expect(first?.roles).toEqual(ROLES);
    expect(keys.authenticate(first?.key ?? '')).toMatchObject({ roles: ROLES });
    expect(await start().ensureFirst()).toBeUndefined();
    expect(await keys.list()).toHaveLength(1);
  });

  it('is the admin key where one is set; another one replaces it', async () => {
    const { keys, start, vault } = given();
    expect(await keys.ensureFirst(ADMIN_KEY)).toBeUndefined();
    expect(keys.authenticate(ADMIN_KEY)).toEqual({ keyId: ADMIN_KEY_ID, roles: ROLES });
    expect(JSON.stringify([...vault.rows.values()])).not.toContain(ADMIN_KEY);
    const later = start();
    await later.ensureFirst();
    expect(await later.authenticate(ADMIN_KEY)).toMatchObject({ keyId: ADMIN_KEY_ID });
    await later.ensureFirst(`${ADMIN_KEY}2`);
    expect(later.authenticate(ADMIN_KEY)).toBeUndefined();
    expect(later.authenticate(`${ADMIN_KEY}2`)).toMatchObject({ keyId: ADMIN_KEY_ID });
    expect(await later.list()).toHaveLength(1);
  });

  it('may be the local token, which is new with each start and never stored', async () => {
    const { keys, start, vault } = given();
    await keys.ensureFirst();
    expect(keys.authenticate(keys.localToken)).toEqual({ keyId: LOCAL_KEY_ID, roles: ROLES });
    const other = start();
    expect(await other.authenticate(keys.localToken)).toBeUndefined();
    expect(vault.rows.size).toBe(1);
  });
});

describe('create refuses', () => {
  it.each([
    ['no name', { name: ' ', roles: ['agent'] }, 'invalid-body'],
    ['a long name', { name: 'x'.repeat(201), roles: ['agent'] }, 'invalid-body'],
    ['no role', { name: 'x', roles: [] }, 'invalid-body'],
    ['an unknown role', { name: 'x', roles: ['agent', 'root'] }, 'invalid-body'],
    ['the past', { name: 'x', roles: ['agent'], expiresAt: '2026-01-01T00:00:00.000Z' }, 'expiry-in-past'],
  ])('%s', async (_what, input, code) => {
    const { keys, vault } = given();
    expect(await keys.create(input)).toMatchObject({ refused: { code } });
    expect(vault.rows.size).toBe(0);
  });

  it('more keys than it can hold in memory', async () => {
    const { keys, vault } = given();
    const row = { hash: '', name: '', roles: [], createdAt: '' };
    for (let i = 0; i < MAX_API_KEYS; i++) vault.rows.set(`key_${i}`, { ...row, keyId: `key_${i}` });
    expect(await keys.create({ name: 'x', roles: ['agent'] })).toMatchObject({
      refused: { code: 'too-many-keys' },
    });
  });
});

it('answers nothing to a token that is longer than any key', () => {
  expect(given().keys.authenticate('ü'.repeat(4_000))).toBeUndefined();
});
