import { END, excludeSystemEvents, START, streamNameFilter, eventTypeFilter } from '@eventstore/db-client';
import type {
  AllStreamSubscription,
  Position,
  ResolvedEvent,
  StreamSubscription,
} from '@eventstore/db-client';
import { bulkyEvents, DoubleUnderTest, event, events, eventually, typeOfError } from './with-double';

/** What a subscription said, in order: types of events, and its other messages in brackets. */
class Heard {
  readonly said: string[] = [];
  error: unknown;
  ended = false;

  constructor(readonly subscription: AllStreamSubscription | StreamSubscription) {
    subscription
      .on('error', (error: unknown) => (this.error = error))
      .on('confirmation', () => this.said.push('[confirmation]'))
      .on('caughtUp', () => this.said.push('[caught up]'))
      .on('data', (resolved: ResolvedEvent) => this.said.push(resolved.event?.type ?? ''))
      .on('end', () => (this.ended = true));
  }

  hears(...said: string[]): Promise<void> {
    return eventually(`${said.join(' ')} and not ${this.said.join(' ')}`, () =>
      said.every((what, i) => this.said[this.said.length - said.length + i] === what),
    );
  }
}

describe('subscriptions', () => {
  const under = new DoubleUnderTest();
  const heard: Heard[] = [];
  const listen = (subscription: AllStreamSubscription | StreamSubscription): Heard => {
    const listener = new Heard(subscription);
    heard.push(listener);
    return listener;
  };
  afterEach(() => Promise.all(heard.splice(0).map(({ subscription }) => subscription.unsubscribe())));

  test('confirmation, what is there, caught up, what comes', async () => {
    await under.append('a', [event('one'), event('two')]);
    const listener = listen(under.client.subscribeToAll({ filter: excludeSystemEvents() }));
    await listener.hears('[confirmation]', 'one', 'two', '[caught up]');
    await under.append('b', [event('three')]);
    await listener.hears('[caught up]', 'three');
    await under.double.obey({ do: 'repeat-caught-up' });
    await listener.hears('three', '[caught up]');
    expect(listener.said.filter((what) => what === '[confirmation]')).toHaveLength(1);
  });

  test('resumes after a position and after a revision, without the event there', async () => {
    const { position } = await under.append('a', [event('one')]);
    await under.append('a', [event('two')]);
    const onAll = listen(under.client.subscribeToAll({ fromPosition: position ?? START }));
    const onStream = listen(under.client.subscribeToStream('a', { fromRevision: 0n }));
    await Promise.all([onAll, onStream].map((each) => each.hears('[caught up]')));
    expect(onAll.said).toEqual(['[confirmation]', 'two', '[caught up]']);
    expect(onStream.said).toEqual(['[confirmation]', 'two', '[caught up]']);
  });

  test('from the end hears only what comes', async () => {
    await under.append('a', [event('one')]);
    const onAll = listen(under.client.subscribeToAll({ fromPosition: END }));
    const onStream = listen(under.client.subscribeToStream('a', { fromRevision: END }));
    await Promise.all([onAll, onStream].map((each) => each.hears('[confirmation]', '[caught up]')));
    await under.append('a', [event('two')]);
    await Promise.all([onAll, onStream].map((each) => each.hears('two')));
    expect(onAll.said).toEqual(['[confirmation]', '[caught up]', 'two']);
    expect(onStream.said).toEqual(['[confirmation]', '[caught up]', 'two']);
  });

  test('without a filter system events come too', async () => {
    const listener = listen(under.client.subscribeToAll());
    await eventually('caught up', () => listener.said.includes('[caught up]'));
    expect(listener.said).toContain('$metadata');
  });

  test.each([
    [
      'stream prefixes',
      streamNameFilter({ prefixes: ['customer-', 'policy-'] }),
      ['in-customer', 'in-policy'],
    ],
    ['a stream regex', streamNameFilter({ regex: '^cust' }), ['in-customer']],
    ['type prefixes', eventTypeFilter({ prefixes: ['in-p'] }), ['in-policy']],
    ['a type regex', eventTypeFilter({ regex: 'other$' }), ['in-other']],
  ])('filters by %s', async (_, filter, expected) => {
    for (const name of ['customer', 'policy', 'other'])
      await under.append(`${name}-1`, [event(`in-${name}`)]);
    const listener = listen(under.client.subscribeToAll({ filter }));
    await listener.hears('[caught up]');
    expect(listener.said).toEqual(['[confirmation]', ...expected, '[caught up]']);
  });

  test('checkpoints: one each interval of events looked at, one before it has caught up, going up', async () => {
    const positions: Position[] = [];
    const filter = streamNameFilter({
      prefixes: ['b'],
      maxSearchWindow: 10,
      checkpointInterval: 2,
      checkpointReached: (_, position) => void positions.push(position),
    });
    await under.append('a', events(55));
    const { position } = await under.append('b', [event('last')]);
    const listener = listen(under.client.subscribeToAll({ filter }));
    await listener.hears('[confirmation]', 'last', '[caught up]');
    // Those of the double itself are looked at too.
    expect(positions).toHaveLength(Math.floor(under.double.store.shown / 20) + 1);
    expect(positions.at(-1)).toEqual(position);
    expect(positions.map(({ commit }) => commit)).toEqual(
      positions.map(({ commit }) => commit).toSorted((x, y) => Number(x - y)),
    );
  });

  test('a stream that is not there yet is waited for', async () => {
    const listener = listen(under.client.subscribeToStream('later'));
    await listener.hears('[confirmation]', '[caught up]');
    await under.append('later', [event('first')]);
    await listener.hears('first');
    expect(listener.said).toEqual(['[confirmation]', '[caught up]', 'first']);
  });

  test('a tombstone ends the subscription to its stream', async () => {
    await under.append('a', [event('one')]);
    const listener = listen(under.client.subscribeToStream('a'));
    await listener.hears('one', '[caught up]');
    await under.client.tombstoneStream('a');
    await eventually('it fails', () => listener.error !== undefined);
    expect(listener.error).toMatchObject({ type: 'stream-deleted' });
  });

  test('a position that the server never gave out is refused', async () => {
    const { position = { commit: 0n, prepare: 0n } } = await under.append('a', [event()]);
    const fromPosition = { commit: position.commit - 1n, prepare: position.prepare - 1n };
    const listener = listen(under.client.subscribeToAll({ fromPosition }));
    await eventually('it fails', () => listener.error !== undefined);
    expect(listener.error).toMatchObject({ code: 3 });
  });

  test('a slow consumer misses nothing and sees nothing twice', async () => {
    const subscription = under.client.subscribeToStream('a');
    listen(subscription).subscription.pause();
    for (let i = 0; i < 5; i++) await under.append('a', bulkyEvents(40));
    const revisions: bigint[] = [];
    subscription.on('data', (resolved: ResolvedEvent) => revisions.push(resolved.event?.revision ?? -1n));
    subscription.resume();
    await eventually('all came', () => revisions.length >= 200);
    expect(revisions).toEqual(Array.from({ length: 200 }, (_, i) => BigInt(i)));
  });

  test('a hundred calls fill a connection: the next one waits', async () => {
    const listeners = Array.from({ length: 100 }, (_, i) => listen(under.client.subscribeToStream(`s-${i}`)));
    await Promise.all(listeners.map((listener) => listener.hears('[caught up]')));
    const appending = under.client.appendToStream('a', events(1), {
      credentials: { username: 'a', password: 'b' },
      deadline: 200,
    });
    expect(await typeOfError(appending)).toBe('deadline-exceeded');
  });
});
