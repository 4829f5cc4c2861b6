import { customerStream, EngineError, withAppend } from '#libs/core';
import type { AppendRequest, AppendResult, EventLog, Vault, VaultWrite } from '#libs/core';
import { parseEnvelope } from '#libs/trust';
import {
  accepted,
  buy,
  byEmail,
  codeOf,
  correct,
  email,
  link,
  redact,
  register,
  reportStatus,
  say,
  TestLedger,
  unlink,
} from '#libs/testing';
import type { Ledger } from './ledger';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(() => test.dispose());

const source = (id: string) => ({ source: { system: 'mail', id } });
const everything = async () => (await test.log.readAll(0, 10_000)).map(({ env }) => parseEnvelope(env));
const sound = async (): Promise<void> => expect((await test.verify()).faults).toEqual([]);

type Append = (request: AppendRequest, append: EventLog['append']) => Promise<AppendResult>;

function appending(append: Append): (log: EventLog) => EventLog {
  return (log) => withAppend(log, (request) => append(request, (passed) => log.append(passed)));
}

/** Fails the first `count` appends: before they reach the log, or after. */
function failing(when: 'before' | 'after', count = 1): (log: EventLog) => EventLog {
  let left = count;
  return appending(async (request, append) => {
    if (left-- <= 0) return append(request);
    if (when === 'after') await append(request);
    throw new Error('the connection broke');
  });
}

describe('a crash between vault and log', () => {
  /** The process died after the vault's write: its ledger is never used again. */
  const crash = async (...[command]: Parameters<Ledger['execute']>): Promise<void> => {
    await expect(test.another({ log: failing('before') }).execute(command)).rejects.toThrow(
      'the connection broke',
    );
    await test.restart();
  };

  it('is completed by the same command again', async () => {
    await crash(say(byEmail('a@x.com'), source('1')));
    expect(await everything()).toEqual([]);
    const { receipt, replayed } = await accepted(test.ledger.execute(say(byEmail('a@x.com'), source('1'))));
    expect({ replayed, revision: receipt.revision }).toEqual({ replayed: false, revision: 1 });
    expect((await everything()).map(({ type }) => type)).toEqual([
      'customer-registered.v1',
      'touchpoint-recorded.v1',
    ]);
    await sound();
  });

  it.each([
    ['a touchpoint', say(byEmail('a@x.com'))],
    ['a registration', register(['a@x.com'], { name: 'Anna' })],
    ['a purchase with one more identifier', buy(byEmail('b@x.com', 'a@x.com'))],
  ])('is completed by %s', async (_what, command) => {
    await crash(say(byEmail('a@x.com'), source('1')));
    const { receipt } = await accepted(test.ledger.execute(command));
    const again = await accepted(test.ledger.execute(say(byEmail('a@x.com'), source('1'))));
    expect(again.receipt.customerId).toBe(receipt.customerId);
    await test.restart();
    expect(await test.ledger.resolver.find(email('a@x.com'))).toBe(receipt.customerId);
    await sound();
  });

  it('of a linking is completed for the same customer and refused to another', async () => {
    const [a, b] = [
      await accepted(test.ledger.execute(register(['a@x.com']))),
      await accepted(test.ledger.execute(register(['b@x.com']))),
    ];
    await crash(link(a.receipt.customerId, 'new@x.com'));
    expect(await test.ledger.resolver.find(email('new@x.com'))).toBeUndefined();
    expect(await codeOf(test.ledger.execute(link(b.receipt.customerId, 'new@x.com')))).toBe(
      'identifier-taken',
    );
    expect(await codeOf(test.ledger.execute(link(a.receipt.customerId, 'new@x.com')))).toBe('accepted');
    expect(await test.ledger.resolver.find(email('new@x.com'))).toBe(a.receipt.customerId);
    await sound();
  });

  it('of an unlinking leaves the identifier linked', async () => {
    const { receipt } = await accepted(test.ledger.execute(register(['a@x.com', 'b@x.com'])));
    await crash(unlink(receipt.customerId, 'a@x.com'));
    expect(await test.ledger.resolver.find(email('a@x.com'))).toBe(receipt.customerId);
    expect(await codeOf(test.ledger.execute(register(['a@x.com'])))).toBe('identifier-taken');
    expect(await codeOf(test.ledger.execute(unlink(receipt.customerId, 'a@x.com')))).toBe('accepted');
    expect(await codeOf(test.ledger.execute(register(['a@x.com'])))).toBe('accepted');
    await sound();
  });

  it('after an unlinking, before its entry was freed, frees it later', async () => {
    const { receipt } = await accepted(test.ledger.execute(register(['a@x.com', 'b@x.com'])));
    const ledger = test.another({ vault: thatFreesNothing });
    await accepted(ledger.execute(unlink(receipt.customerId, 'a@x.com')));
    await test.restart();
    const { receipt: other } = await accepted(test.ledger.execute(register(['a@x.com'])));
    expect(other.customerId).not.toBe(receipt.customerId);
    expect(await test.ledger.resolver.find(email('a@x.com'))).toBe(other.customerId);
    await sound();
  });
});

const thatFreesNothing = (vault: Vault): Vault =>
  vaultWith(vault, { free: () => Promise.reject(new EngineError('the vault is away')) });

function vaultWith(vault: Vault, change: Partial<Vault>): Vault {
  return {
    secrets: () => vault.secrets(),
    createSecrets: (body) => vault.createSecrets(body),
    rows: (ids) => vault.rows(ids),
    lookup: (indexes) => vault.lookup(indexes),
    write: (write) => vault.write(write),
    free: (entry) => vault.free(entry),
    copy: (cursor, limit) => vault.copy(cursor, limit),
    restore: (content) => vault.restore(content),
    apiKeys: () => vault.apiKeys(),
    putApiKey: (row) => vault.putApiKey(row),
    removeApiKey: (id) => vault.removeApiKey(id),
    ...change,
  };
}

describe('an append whose outcome is unknown', () => {
  it('is settled by the same key: the first answer, and one event', async () => {
    const ledger = test.another({ log: failing('after') });
    await expect(ledger.execute(say(byEmail('a@x.com'), source('1')))).rejects.toThrow(
      'the connection broke',
    );
    const again = await accepted(ledger.execute(say(byEmail('a@x.com'), source('1'))));
    expect(again.replayed).toBe(true);
    const records = await test.log.readAll(0, 10);
    expect(again.events).toEqual(
      records.map(({ id, rev, position, leafHash, env }) => {
        const { at: recordedAt } = parseEnvelope(env);
        const { customerId } = again.receipt;
        return { eventId: id, customerId, revision: rev, position, leafHash, recordedAt };
      }),
    );
    expect(records).toHaveLength(2);
    expect((await accepted(ledger.execute(say(byEmail('a@x.com'))))).receipt.revision).toBe(2);
    await sound();
  });

  it('fails every command of its batch, each of which may be repeated', async () => {
    for (const when of ['before', 'after'] as const) {
      const ledger = test.another({ log: failing(when) });
      const commands = Array.from({ length: 10 }, (_, i) => say(byEmail('a@x.com'), source(`${when} ${i}`)));
      const first = await Promise.allSettled(commands.map((command) => ledger.execute(command)));
      expect(first.some(({ status }) => status === 'rejected')).toBe(true);
      await Promise.all(commands.map((command) => accepted(ledger.execute(command))));
    }
    const keys = (await everything()).flatMap(({ idem }) => (idem === undefined ? [] : [idem.k]));
    expect(keys).toHaveLength(20);
    expect(new Set(keys).size).toBe(20);
    await sound();
  });

  it('in the vault writes nothing into the log, and the same command goes through later', async () => {
    let left = 1;
    const write = (vault: Vault) => async (change: VaultWrite) => {
      const result = await vault.write(change);
      if (left-- > 0) throw new Error('the vault broke');
      return result;
    };
    const ledger = test.another({ vault: (vault) => vaultWith(vault, { write: write(vault) }) });
    await expect(ledger.execute(say(byEmail('a@x.com'), source('1')))).rejects.toThrow('the vault broke');
    expect(await everything()).toEqual([]);
    expect((await accepted(ledger.execute(say(byEmail('a@x.com'), source('1'))))).replayed).toBe(false);
    await sound();
  });
});

describe('a vault that fails once the event is in the log', () => {
  // The command is accepted all the same; and a ledger that remembers who has an identifier forgets this one.
  it('leaves nothing behind of an identifier that was unlinked', async () => {
    let away = true;
    const vault = (real: Vault): Vault =>
      vaultWith(real, { free: (entry) => (away ? thatFreesNothing(real).free(entry) : real.free(entry)) });
    const ledger = test.another({ vault, alone: true });
    const { receipt } = await accepted(ledger.execute(register(['a@x.com', 'b@x.com'])));
    const outcomes = await ledger.executeMany([
      unlink(receipt.customerId, 'a@x.com'),
      say(byEmail('b@x.com')),
    ]);
    await Promise.all(outcomes.map(accepted));
    away = false;
    expect(await ledger.resolver.find(email('a@x.com'))).toBeUndefined();
    const { receipt: other } = await accepted(ledger.execute(say(byEmail('a@x.com'))));
    expect(other.customerId).not.toBe(receipt.customerId);
    await sound();
  });
});

describe('what is kept of customers', () => {
  it('is let go when their commands are answered, also by a refusal', async () => {
    const { receipt } = await accepted(test.ledger.execute(register(['a@x.com'])));
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        codeOf(test.ledger.execute(say({ id: `01930000-0000-7000-8000-0000000000${i + 10}` }))),
      ),
    );
    await codeOf(test.ledger.execute(say({ id: receipt.customerId }, {}, { ifMatch: 17 })));
    expect(test.ledger.writers).toBe(0);
  });
});

describe('two ledgers over one log', () => {
  const two = (): [Ledger, Ledger] => [test.another(), test.another()];

  it('write one event for a key that both are given', async () => {
    const [a, b] = two();
    const commands = Array.from({ length: 30 }, (_, i) => say(byEmail('a@x.com'), source(`${i}`)));
    const outcomes = await Promise.all(
      commands.flatMap((command) => [accepted(a.execute(command)), accepted(b.execute(command))]),
    );
    for (let i = 0; i < 60; i += 2) expect(outcomes[i]?.receipt).toEqual(outcomes[i + 1]?.receipt);
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(30);
    expect(await everything()).toHaveLength(31);
    await sound();
  });

  it('register one customer for an identifier, and lose nothing', async () => {
    const [a, b] = two();
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        accepted((i % 2 === 0 ? a : b).execute(say(byEmail('new@x.com'), source(`${i}`)))),
      ),
    );
    expect(new Set(outcomes.map(({ receipt }) => receipt.customerId)).size).toBe(1);
    const revisions = outcomes.map(({ receipt }) => receipt.revision).toSorted((x, y) => x - y);
    expect(revisions).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    await sound();
  });

  it('take turns on one customer: nothing lost, keys of a new quarter and class shared', async () => {
    const [a, b] = two();
    const { receipt } = await accepted(a.execute(register(['a@x.com'])));
    const customer = { id: receipt.customerId };
    for (const month of ['02', '05']) {
      test.clock.set(`2026-${month}-03T00:00:00.000Z`);
      for (const ledger of [a, b, a, b]) {
        for (const purpose of ['service', 'marketing'] as const) {
          await Promise.all(
            [1, 2, 3].map(() => accepted(ledger.execute(say(customer, { content: 'x', purpose })))),
          );
        }
      }
    }
    const { items } = await test.history().events(receipt.customerId, {}, 100);
    expect(items).toHaveLength(49);
    expect(items.slice(1).map(({ data }) => (data as { content?: string }).content)).toEqual(
      Array(48).fill('x'),
    );
    await sound();
  });

  it('decide on what the other one wrote', async () => {
    const [a, b] = two();
    const { receipt } = await accepted(a.execute(say(byEmail('a@x.com'))));
    await accepted(b.execute(correct(receipt.eventId, { agent: 'first' })));
    await accepted(a.execute(correct(receipt.eventId, { agent: 'second' })));
    await accepted(b.execute(redact(receipt.eventId)));
    expect(await codeOf(a.execute(correct(receipt.eventId, { agent: 'third' })))).toBe('touchpoint-redacted');
    expect(await codeOf(a.execute(reportStatus(receipt.eventId)))).toBe('accepted');
    const corrections = (await everything()).filter(({ type }) => type === 'touchpoint-corrected.v1');
    expect(corrections.map(({ data }) => (data['was'] as { agent?: string }).agent)).toEqual([
      undefined,
      'first',
    ]);
    await sound();
  });

  it('refuse nothing for what the other one has changed since', async () => {
    const [a, b] = [test.another(), test.another()];
    const { receipt } = await accepted(a.execute(say(byEmail('a@x.com'))));
    const { receipt: theirs } = await accepted(b.execute(say({ id: receipt.customerId })));
    const now = { ifMatch: theirs.revision };
    expect(await codeOf(a.execute(say({ id: receipt.customerId }, {}, now)))).toBe('accepted');
    expect(await codeOf(b.execute(say({ id: receipt.customerId }, {}, now)))).toBe('revision-mismatch');
  });

  it('see an identifier that the other one unlinked and gave to somebody else', async () => {
    const [a, b] = two();
    const first = await accepted(a.execute(register(['a@x.com', 'b@x.com'])));
    await accepted(b.execute(say(byEmail('a@x.com'))));
    await accepted(a.execute(unlink(first.receipt.customerId, 'a@x.com')));
    const second = await accepted(a.execute(register(['a@x.com'])));
    expect((await accepted(a.execute(say(byEmail('a@x.com'))))).receipt.customerId).toBe(
      second.receipt.customerId,
    );
    expect((await accepted(b.execute(say(byEmail('a@x.com'))))).receipt.customerId).toBe(
      second.receipt.customerId,
    );
  });
});

describe('heads', () => {
  it('are right again after somebody else appended', async () => {
    const { receipt } = await accepted(test.ledger.execute(say(byEmail('a@x.com'))));
    await accepted(test.another().execute(say({ id: receipt.customerId })));
    const next = await accepted(test.ledger.execute(say({ id: receipt.customerId })));
    expect(next.receipt.revision).toBe(3);
    expect(test.ledger.heads.cached(customerStream(receipt.customerId))).toMatchObject({
      revision: 3,
      leafHash: next.receipt.leafHash,
    });
    await sound();
  });

  it('come from a snapshot and what follows it, and never from one of another history', async () => {
    const { receipt } = await accepted(test.ledger.execute(say(byEmail('a@x.com'))));
    await accepted(test.ledger.execute(redact(receipt.eventId)));
    for (let i = 0; i < 70; i++) await accepted(test.ledger.execute(say(byEmail('a@x.com'))));
    const stream = customerStream(receipt.customerId);
    const snapshot = await test.engines.snapshots.load(stream);
    expect(snapshot?.revision).toBeGreaterThanOrEqual(63);
    await test.restart();
    expect(await codeOf(test.ledger.execute(redact(receipt.eventId)))).toBe('touchpoint-redacted');
    const body = JSON.stringify({
      v: 1,
      at: receipt.recordedAt,
      state: { customer: { registered: true }, touchpoint: { redacted: [] } },
    });
    for (const foreign of [{ leafHash: 'f'.repeat(64) }, { revision: 1_000 }, { body: '{"v":2}' }]) {
      await test.engines.snapshots.save({
        stream,
        revision: 60,
        leafHash: snapshot?.leafHash ?? '',
        body,
        ...foreign,
      });
      const ledger = test.another();
      expect(await codeOf(ledger.execute(redact(receipt.eventId)))).toBe('touchpoint-redacted');
      await accepted(ledger.execute(say(byEmail('a@x.com'))));
    }
    await sound();
  });
});
