import { excludeSystemEvents, START } from '@eventstore/db-client';
import type { Position, ResolvedEvent } from '@eventstore/db-client';
import { EventStoreControl } from './control';
import type { AppendFault } from './faults';
import {
  bulkyEvents,
  DoubleUnderTest,
  event,
  events,
  eventually,
  NOBODY,
  typeOfError,
  WAYS,
} from './with-double';

const STREAM = 'customer-1';
const POISON = 2n ** 64n - 1n;
const SHORT_MS = 150;

describe('appends that fail', () => {
  const under = new DoubleUnderTest();
  const append = (fault: AppendFault, deadline?: number) => {
    under.double.faults.plan([{ fault }]);
    return under.client.appendToStream(STREAM, [event('lost')], { credentials: NOBODY, deadline });
  };
  const written = (): number => under.double.store.stream(STREAM).events.length;

  test.each([
    ['unavailable', 'unavailable', 0],
    ['not-ready', 'unavailable', 0],
    ['abort', 'timeout', 0],
    ['not-leader', 'not-leader', 0],
    ['no-leader', 'unknown', 0],
    ['commit-then-unavailable', 'unavailable', 1],
    ['commit-then-abort', 'timeout', 1],
  ] as const)('%s', async (fault, type, count) => {
    expect(await typeOfError(append(fault))).toBe(type);
    expect(written()).toBe(count);
  });

  test.each([
    ['silence', 0],
    ['commit-then-silence', 1],
  ] as const)('%s: the client gives up by itself', async (fault, count) => {
    expect(await typeOfError(append(fault, SHORT_MS))).toBe('deadline-exceeded');
    expect(written()).toBe(count);
  });

  test('commit-then-disconnect', async () => {
    expect(await typeOfError(append('commit-then-disconnect'))).toMatch(/unavailable|cancelled/);
    expect(written()).toBe(1);
  });

  test('unavailable-then-commit: it lands after the retry, which absorbs it', async () => {
    const retried = event('late');
    const send = () =>
      under.client.appendToStream(STREAM, [retried], { credentials: NOBODY, expectedRevision: 'no_stream' });
    under.double.faults.plan([{ fault: 'unavailable-then-commit' }]);
    expect(await typeOfError(send())).toBe('unavailable');
    expect((await send()).nextExpectedRevision).toBe(0n);
    await under.double.obey({ do: 'release' });
    expect(await under.typesOf(STREAM)).toEqual(['late']);
  });

  test.each([
    ['not-ready', 'unknown'],
    ['no-leader', 'unknown'],
    ['abort', 'deadline-exceeded'],
    ['not-leader', 'not-leader'],
  ] as const)('%s, told of a batch append', async (fault, type) => {
    under.double.faults.plan([{ fault }]);
    expect(await typeOfError(under.append(STREAM, events(1), 'any', 'BatchAppend'))).toBe(type);
    expect(written()).toBe(0);
    await under.append(STREAM, events(1), 'any', 'BatchAppend');
  });

  test('a plan may name the streams that it hits', async () => {
    under.double.faults.plan([{ fault: 'abort', stream: 'customer-' }]);
    await under.append('policy-1', events(1));
    expect(await typeOfError(under.append(STREAM, events(1)))).toBe('timeout');
    await under.append(STREAM, events(1));
  });

  test('a batch append that is never answered hangs; others go on', async () => {
    under.double.faults.plan([{ fault: 'commit-then-silence', stream: STREAM }]);
    let settled = false;
    const forget = (): void => void (settled = true);
    under.append(STREAM, events(1), 'any', 'BatchAppend').then(forget, forget);
    await under.append('customer-2', events(1), 'any', 'BatchAppend');
    expect(written()).toBe(1);
    expect(settled).toBe(false);
  });

  test('a batch append that loses its call takes all that wait with it', async () => {
    under.double.faults.plan([{ fault: 'silence', stream: STREAM }]);
    const waiting = typeOfError(under.append(STREAM, events(1), 'any', 'BatchAppend'));
    under.double.faults.plan([{ fault: 'commit-then-unavailable', stream: 'customer-2' }]);
    const losing = typeOfError(under.append('customer-2', events(1), 'any', 'BatchAppend'));
    // The client rejects what waits with whatever it got, once; see the reference on its map of promises.
    expect(await losing).toBe('unavailable');
    expect(await waiting).toBe('unavailable');
  });
});

describe('a server in trouble', () => {
  const under = new DoubleUnderTest();

  test.each(WAYS)('is not ready, by %s', async (way) => {
    await under.append(STREAM, events(1), 'any', way);
    under.double.faults.set({ notReady: true });
    const type = way === 'Append' ? 'unavailable' : 'unknown';
    expect(await typeOfError(under.append(STREAM, events(1), 'any', way))).toBe(type);
    expect(await typeOfError(under.typesOf(STREAM))).toBe('unavailable');
    under.double.faults.set({ notReady: false });
    expect(await under.typesOf(STREAM)).toHaveLength(1);
  });

  test('frozen it answers nothing until it thaws', async () => {
    under.double.faults.set({ frozen: true });
    const frozen = under.client.appendToStream(STREAM, events(1), {
      credentials: NOBODY,
      deadline: SHORT_MS,
    });
    expect(await typeOfError(frozen)).toBe('deadline-exceeded');
    const reading = under.typesOf(STREAM);
    under.double.faults.set({ frozen: false });
    // The append that the client gave up lands all the same.
    expect(await reading).toHaveLength(1);
  });

  test('lost connections fail what is under way, and the client comes back', async () => {
    const subscription = under.client.subscribeToAll();
    let error: unknown;
    subscription.on('error', (dropped: unknown) => (error = dropped)).resume();
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    under.double.dropConnections();
    await eventually('the subscription fails', () => error !== undefined);
    expect((await under.append(STREAM, events(1))).success).toBe(true);
  });

  test('stamps by a clock that is wrong', async () => {
    const offsetMs = 3_600_000;
    await under.double.obey({ do: 'switch', switches: { clockOffsetMs: offsetMs } });
    await under.append(STREAM, events(1));
    for await (const { event: read } of under.client.readStream(STREAM)) {
      expect((read?.created.getTime() ?? 0) - Date.now()).toBeGreaterThan(offsetMs / 2);
    }
  });
});

describe('subscriptions that fail', () => {
  const under = new DoubleUnderTest();

  test('end with OK: the loop just finishes', async () => {
    const seen: string[] = [];
    const subscription = under.client.subscribeToAll({ filter: excludeSystemEvents() });
    subscription.once('caughtUp', () => void under.double.obey({ do: 'end-subscriptions' }));
    for await (const { event: read } of subscription) seen.push(read?.type ?? '');
    expect(seen).toEqual([]);
  });

  test('are dropped', async () => {
    const subscription = under.client.subscribeToAll();
    let error: unknown;
    subscription.on('error', (dropped: unknown) => (error = dropped)).resume();
    subscription.once('caughtUp', () => void under.double.obey({ do: 'drop-subscriptions' }));
    await eventually('the subscription fails', () => error !== undefined);
    expect(error).toMatchObject({ type: 'timeout' });
  });

  test('as 23.10: a live subscriber that lags is dropped', async () => {
    under.double.faults.set({ dropSlowConsumers: true });
    const subscription = under.client.subscribeToAll({ filter: excludeSystemEvents() });
    let error: unknown;
    subscription.on('error', (dropped: unknown) => (error = dropped));
    const live = new Promise((resolve) => subscription.once('caughtUp', resolve));
    subscription.resume();
    await live;
    subscription.pause();
    for (let i = 0; i < 5; i++) await under.append(STREAM, bulkyEvents(40));
    subscription.resume();
    await eventually('it is dropped', () => error !== undefined);
    expect(error).toMatchObject({ type: 'timeout' });
  });

  test('a poisoned checkpoint: the end, though nothing was seen', async () => {
    const { position = START } = await under.append(STREAM, events(1));
    under.double.faults.set({ poisonCheckpoint: true });
    const positions: Position[] = [];
    const filter = excludeSystemEvents({
      checkpointReached: (_, reached) => void positions.push(reached),
    });
    const subscription = under.client.subscribeToAll({ filter, fromPosition: position });
    subscription.on('error', () => undefined).resume();
    await eventually('a checkpoint comes', () => positions.length > 0);
    expect(positions).toEqual([{ commit: POISON, prepare: POISON }]);

    const history: ResolvedEvent[] = [];
    const resumed = under.client.subscribeToAll({ fromPosition: { commit: POISON, prepare: POISON } });
    resumed.on('error', () => undefined).on('data', (read: ResolvedEvent) => history.push(read));
    await new Promise((resolve) => resumed.once('caughtUp', resolve));
    expect(history).toEqual([]);
    await Promise.all([subscription.unsubscribe(), resumed.unsubscribe()]);
  });
});

describe('the control service', () => {
  const under = new DoubleUnderTest();

  test('orders faults from another process, by the address alone', async () => {
    const control = new EventStoreControl(under.double.address);
    try {
      await control.plan({ fault: 'abort' });
      expect(await typeOfError(under.append(STREAM, events(1)))).toBe('timeout');
      await control.switch({ notReady: true });
      expect(await typeOfError(under.append(STREAM, events(1)))).toBe('unavailable');
      await control.do({ do: 'reset' });
      expect(await under.append(STREAM, events(1), 'no_stream')).toMatchObject({ nextExpectedRevision: 0n });
    } finally {
      control.close();
    }
  });

  test('reset leaves a database as just made', async () => {
    const fresh = under.double.store.shown;
    await under.append(STREAM, events(3));
    await under.double.obey({ do: 'reset' });
    expect(under.double.store.shown).toBe(fresh);
    expect(await typeOfError(under.typesOf(STREAM))).toBe('stream-not-found');
  });
});
