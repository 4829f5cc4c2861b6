import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { customerStream } from '#libs/core';
import { parseEnvelope } from '#libs/trust';
import {
  accepted,
  annotate,
  buy,
  byEmail,
  codeOf,
  correct,
  email,
  eventually,
  link,
  redact,
  register,
  reportStatus,
  say,
  TestLedger,
  unlink,
} from '#libs/testing';
import type { Accepted } from '#libs/testing';
import type { CommandInput } from './outcome';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(() => test.dispose());

const run = (input: CommandInput): Promise<Accepted> => accepted(test.ledger.execute(input));
const refusal = (input: CommandInput): Promise<string> => codeOf(test.ledger.execute(input));
const everything = async () => {
  const records = await test.log.readAll(0, 10_000);
  return records.map(({ env }) => parseEnvelope(env));
};
const typesOf = async (customerId: string): Promise<readonly string[]> => {
  const records = await test.log.readStream(customerStream(customerId), 0, 1_000);
  return records.map(({ env }) => parseEnvelope(env).type.replace('.v1', ''));
};

describe('customers', () => {
  it('are registered by their first touchpoint, and known by it from then on', async () => {
    const first = await run(say(byEmail('a@x.com', 'A2@X.com')));
    const second = await run(say(byEmail('a2@x.com')));
    expect(first.events.map(({ revision }) => revision)).toEqual([0, 1]);
    expect(second.receipt).toMatchObject({ customerId: first.receipt.customerId, revision: 2 });
    expect(await typesOf(first.receipt.customerId)).toEqual([
      'customer-registered',
      'touchpoint-recorded',
      'touchpoint-recorded',
    ]);
    const [registration, own] = await everything();
    expect(registration).toMatchObject({ cause: own?.id, stream: customerStream(first.receipt.customerId) });
  });

  it('get the identifiers that a command brings along', async () => {
    const { receipt } = await run(say(byEmail('a@x.com')));
    await run(say(byEmail('a@x.com', 'b@x.com')));
    expect((await run(say(byEmail('b@x.com')))).receipt.customerId).toBe(receipt.customerId);
    expect((await typesOf(receipt.customerId)).slice(2)).toEqual([
      'identifier-linked',
      'touchpoint-recorded',
      'touchpoint-recorded',
    ]);
  });

  it('are not guessed: identifiers of two are refused', async () => {
    await run(say(byEmail('a@x.com')));
    await run(say(byEmail('b@x.com')));
    expect(await refusal(say(byEmail('a@x.com', 'b@x.com')))).toBe('identifiers-disagree');
    expect(await everything()).toHaveLength(4);
  });

  it('keep their identifiers: taken ones are refused to others and to a second registration', async () => {
    const { receipt } = await run(register(['a@x.com']));
    const other = await run(register(['b@x.com']));
    expect(await refusal(register(['c@x.com', 'A@x.com ']))).toBe('identifier-taken');
    expect(await refusal(link(other.receipt.customerId, 'a@x.com'))).toBe('identifier-taken');
    expect(await refusal(link(receipt.customerId, 'a@x.com'))).toBe('identifier-taken');
    expect(await test.ledger.execute(register(['a@x.com']))).toMatchObject({
      refusal: { extra: { customerId: receipt.customerId } },
    });
    expect(await refusal(register(['not an address']))).toBe('invalid-identifier');
  });

  it('free an identifier by unlinking it; another one may link it then', async () => {
    const [a, b] = [await run(register(['a@x.com', 'a2@x.com'])), await run(register(['b@x.com']))];
    expect(await refusal(unlink(b.receipt.customerId, 'a@x.com'))).toBe('identifier-not-found');
    await run(unlink(a.receipt.customerId, 'a@x.com'));
    expect(await refusal(unlink(a.receipt.customerId, 'a@x.com'))).toBe('identifier-not-found');
    expect(await test.ledger.resolver.find(email('a@x.com'))).toBeUndefined();
    await run(link(b.receipt.customerId, 'a@x.com'));
    expect((await run(say(byEmail('a@x.com')))).receipt.customerId).toBe(b.receipt.customerId);
    await test.restart();
    expect((await run(say(byEmail('a@x.com')))).receipt.customerId).toBe(b.receipt.customerId);
    expect((await run(say(byEmail('a2@x.com')))).receipt.customerId).toBe(a.receipt.customerId);
  });

  it('are one customer when 64 commands about a new identifier come at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        run(say(byEmail('new@x.com'), { source: { system: 'mail', id: `${i}` } })),
      ),
    );
    const customers = new Set(outcomes.map(({ receipt }) => receipt.customerId));
    expect(customers.size).toBe(1);
    const revisions = outcomes.map(({ receipt }) => receipt.revision).toSorted((a, b) => a - b);
    expect(revisions).toEqual(Array.from({ length: 64 }, (_, i) => i + 1));
    expect(await everything()).toHaveLength(65);
  });

  it('that nobody knows are refused', async () => {
    const nobody = '01930000-0000-7000-8000-00000000dead';
    expect(await refusal(say({ id: nobody }))).toBe('customer-not-found');
    expect(await refusal(link(nobody, 'a@x.com'))).toBe('customer-not-found');
    expect(await refusal(unlink(nobody, 'a@x.com'))).toBe('identifier-not-found');
    expect(await refusal(reportStatus(nobody))).toBe('touchpoint-not-found');
    expect(await everything()).toEqual([]);
    expect((await run(register(['a@x.com']))).receipt.revision).toBe(0);
  });
});

describe('a repeated command', () => {
  const source = { source: { system: 'mail', id: 'message-1' } };

  it('writes one event however often and at once it comes, and gets the same receipt', async () => {
    const storm = await Promise.all(Array.from({ length: 50 }, () => run(say(byEmail('a@x.com'), source))));
    await test.restart();
    storm.push(await run(say(byEmail('a@x.com'), source)));
    for (const { receipt, events } of storm)
      expect({ receipt, events }).toEqual({ receipt: storm[0]?.receipt, events: storm[0]?.events });
    expect(storm.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await everything()).toHaveLength(2);
  });

  it('with another body is refused, for a source and for a header', async () => {
    await run(say(byEmail('a@x.com'), source));
    expect(await refusal(say(byEmail('a@x.com'), { ...source, content: 'other' }))).toBe(
      'idempotency-key-reused',
    );
    const header = { idempotencyKey: 'key-1' };
    await run(say(byEmail('a@x.com'), {}, header));
    expect(await refusal(say(byEmail('a@x.com'), { content: 'other' }, header))).toBe(
      'idempotency-key-reused',
    );
    expect((await run(say(byEmail('a@x.com'), {}, header))).replayed).toBe(true);
    expect(
      await refusal(say(byEmail('b@x.com'), {}, { ...header, actor: { kind: 'service', id: 'svc_2' } })),
    ).toBe('accepted');
  });

  it('is answered before its If-Match is looked at', async () => {
    const { receipt } = await run(register(['a@x.com']));
    const command = say({ id: receipt.customerId }, source, { ifMatch: 0 });
    const first = await run(command);
    await run(say({ id: receipt.customerId }));
    expect(await run(command)).toEqual({ ...first, replayed: true });
    expect(await refusal(say({ id: receipt.customerId }, {}, { ifMatch: 0 }))).toBe('revision-mismatch');
    expect(await refusal(say({ id: receipt.customerId }, {}, { ifMatch: 2 }))).toBe('accepted');
  });

  it('lets one of several win that name the same revision', async () => {
    const { receipt } = await run(register(['a@x.com']));
    const codes = await Promise.all(
      Array.from({ length: 20 }, () => refusal(say({ id: receipt.customerId }, {}, { ifMatch: 0 }))),
    );
    expect(codes.filter((code) => code === 'accepted')).toHaveLength(1);
    expect(codes.filter((code) => code === 'revision-mismatch')).toHaveLength(19);
  });

  it('of a purchase is known by its order', async () => {
    const first = await run(buy(byEmail('a@x.com')));
    expect(await run(buy(byEmail('a@x.com')))).toEqual({ ...first, replayed: true });
    expect(await refusal(buy(byEmail('a@x.com'), { orderId: 'order-2' }))).toBe('accepted');
    expect(await refusal(buy(byEmail('b@x.com')))).toBe('accepted');
    const changed = { total: { amount: '11.00', currency: 'EUR' } };
    expect(await refusal(buy(byEmail('a@x.com'), changed))).toBe('idempotency-key-reused');
    const parts = [1, 2].map((part) => ({ source: { system: 'shop', id: 'order-1', part: `${part}` } }));
    for (const part of parts) expect(await refusal(buy(byEmail('a@x.com'), part))).toBe('accepted');
  });

  // Ledger.#submitOrder answers the replay without settling the claim that byIdentifiers made: the link waits for ever.
  it('of a purchase leaves a new identifier that it brings free', async () => {
    const { receipt } = await run(buy(byEmail('a@x.com')));
    expect(await refusal(buy(byEmail('a@x.com', 'b@x.com')))).toBe('idempotency-key-reused');

    let linked = false;
    void run(link(receipt.customerId, 'b@x.com')).then(() => (linked = true));
    await eventually('the identifier is linked', () => linked, 500);
  });
});

describe('a touchpoint', () => {
  const facts = (env: { data: object } | undefined) => env?.data;

  it('is corrected again and again, each time with what it was and what it is now', async () => {
    const { receipt } = await run(say(byEmail('a@x.com'), { agent: 'ann', subject: 'one' }));
    await run(correct(receipt.eventId, { channel: 'voice', subject: 'two' }));
    await run(correct(receipt.eventId, { agent: 'bert', occurredAt: '2026-01-01T00:00:00.000Z' }));
    const [, , first, second] = await everything();
    const was = {
      channel: 'email',
      direction: 'inbound',
      kind: 'message',
      agent: 'ann',
      occurredAt: receipt.recordedAt,
    };
    const now = { ...was, channel: 'voice' };
    expect(facts(first)).toEqual({ touchpointId: receipt.eventId, was, now });
    const last = { ...now, agent: 'bert', occurredAt: '2026-01-01T00:00:00.000Z' };
    expect(facts(second)).toEqual({ touchpointId: receipt.eventId, was: now, now: last });
    expect(await refusal(correct(receipt.eventId, {}))).toBe('nothing-to-change');
  });

  it('is corrected in order when many correct it at once', async () => {
    const { receipt } = await run(say(byEmail('a@x.com')));
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => run(correct(receipt.eventId, { agent: `agent-${i}` }))),
    );
    const corrections = (await everything()).slice(2).map(({ data }) => data as { was: object; now: object });
    expect(corrections.slice(1).map(({ was }) => was)).toEqual(
      corrections.slice(0, -1).map(({ now }) => now),
    );
    expect(corrections).toHaveLength(12);
  });

  it('is named by its source where its id is not known', async () => {
    const source = { system: 'mail', id: 'message-1' };
    const recorded = run(say(byEmail('a@x.com'), { source }));
    const status = await run(reportStatus('', {}, { targetSource: source }));
    const { receipt } = await recorded;
    expect(status.receipt.customerId).toBe(receipt.customerId);
    expect((await everything()).at(-1)?.data['touchpointId']).toBe(receipt.eventId);
    expect(await refusal(reportStatus('', {}, { targetSource: { system: 'mail', id: 'other' } }))).toBe(
      'touchpoint-not-found',
    );
  });

  it('is no purchase and no status report', async () => {
    const purchase = await run(buy(byEmail('a@x.com')));
    expect(await refusal(annotate(purchase.receipt.eventId, 'x'))).toBe('touchpoint-not-found');
    const { receipt } = await run(say(byEmail('a@x.com')));
    const status = await run(reportStatus(receipt.eventId));
    expect(await refusal(redact(status.receipt.eventId))).toBe('touchpoint-not-found');
  });

  it('leaves no ciphertext in the log once it is redacted', async () => {
    const { receipt } = await run(say(byEmail('a@x.com'), { content: 'a secret' }));
    await run(correct(receipt.eventId, { content: 'another secret' }));
    await run(annotate(receipt.eventId, 'a third secret'));
    const stream = customerStream(receipt.customerId);
    const blobs = (await test.log.readStream(stream, 1, 3)).flatMap(({ sealed }) => Object.values(sealed));
    expect(blobs).toHaveLength(3);
    const before = (await test.log.readStream(stream, 0, 10)).map(({ env }) => env);
    await run(redact(receipt.eventId));
    const after = await test.log.readStream(stream, 0, 10);
    expect(after.slice(0, 4).map(({ env }) => env)).toEqual(before);
    expect(after.map(({ sealed }) => Object.keys(sealed))).toEqual([['/identity'], [], [], [], ['/service']]);
    await test.restart();
    const file = readFileSync(join(test.directory.path, 'log.db'));
    expect(blobs.filter((blob) => file.includes(Buffer.from(blob)))).toEqual([]);
    expect(await refusal(annotate(receipt.eventId, 'x'))).toBe('touchpoint-redacted');
    expect(await refusal(correct(receipt.eventId, { agent: 'x' }))).toBe('touchpoint-redacted');
    expect(await refusal(redact(receipt.eventId))).toBe('touchpoint-redacted');
    expect(await refusal(reportStatus(receipt.eventId))).toBe('accepted');
    expect((await test.verify()).faults).toEqual([]);
  });
});

describe('the record', () => {
  it('has a key of its own for each customer, class and quarter', async () => {
    const kids = async (): Promise<readonly (string | undefined)[]> =>
      (await everything()).flatMap(({ sealed }) => Object.values(sealed).map((entry) => entry?.kid));
    test.clock.set('2026-03-31T23:59:59.999Z');
    await run(say(byEmail('a@x.com'), { content: 'x' }));
    await run(say(byEmail('a@x.com'), { content: 'x' }));
    test.clock.set('2026-04-01T00:00:00.000Z');
    await run(say(byEmail('a@x.com'), { content: 'x' }));
    await run(say(byEmail('a@x.com'), { content: 'x', purpose: 'marketing' }));
    await run(say(byEmail('b@x.com'), { content: 'x' }));
    const [identity, service, again, next, marketing, ...other] = await kids();
    expect(again).toBe(service);
    expect(new Set([identity, service, next, marketing, ...other]).size).toBe(6);
    await test.restart();
    const { items } = await test
      .history()
      .events((await run(say(byEmail('a@x.com')))).receipt.customerId, {}, 10);
    expect(items.slice(1, 5).map(({ data }) => (data as { content?: string }).content)).toEqual(
      Array(4).fill('x'),
    );
  });

  it('never goes back in time within a stream, whatever the clock does', async () => {
    test.clock.set('2026-02-02T00:00:00.000Z');
    await run(say(byEmail('a@x.com')));
    test.clock.set('2026-02-01T00:00:00.000Z');
    await run(say(byEmail('a@x.com')));
    test.clock.set('2026-02-03T00:00:00.000Z');
    await run(say(byEmail('a@x.com')));
    const at = (await everything()).map((env) => env.at.slice(0, 10));
    expect(at).toEqual(['2026-02-02', '2026-02-02', '2026-02-02', '2026-02-03']);
    expect((await test.verify()).faults).toEqual([]);
  });

  it('says nothing in clear of what was said', async () => {
    await run(register(['secret@x.com'], { name: 'Secret Name' }));
    await run(
      say(byEmail('secret@x.com'), {
        subject: 'Secret',
        content: 'Secret',
        source: { system: 'mail', id: 'Secret' },
      }),
    );
    await run(buy(byEmail('secret@x.com'), { orderId: 'Secret-1' }));
    const text = JSON.stringify(await everything()).toLowerCase();
    expect(text).not.toContain('secret');
    expect(text).not.toContain(createHash('sha256').update('secret@x.com').digest('hex'));
  });
});

it('keeps order within executeMany: a registration before what follows it', async () => {
  const inputs = Array.from({ length: 60 }, (_, i) =>
    i % 20 === 0
      ? register([`c${i}@x.com`], { name: `n${i}` })
      : say(byEmail(`c${i - (i % 20)}@x.com`), { content: `${i}` }),
  );
  const outcomes = await Promise.all((await test.ledger.executeMany(inputs)).map(accepted));
  expect(outcomes.map(({ receipt }) => receipt.revision)).toEqual(inputs.map((_, i) => i % 20));
});
