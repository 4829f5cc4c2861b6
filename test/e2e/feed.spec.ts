import { expectProblem, somebody, touchpoint } from './client';
import type { Client, Loose } from './client';
import { Feed } from './feed';
import { JOURNEY_TIMEOUT_MS, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';
import { Server } from './server';
import { eventually } from './wait';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

let server: LedgerUnderTest;
let api: Client;

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
});
afterAll(() => server.dispose());

describe('GET /v1/feed', () => {
  it('tells what was and what comes, in order, as history has it', async () => {
    const customer = somebody();
    const first = await api.accept('/v1/touchpoints', touchpoint({ customer, content: 'before' }));
    const feed = await Feed.open(api);
    expect(feed.headers['content-type']).toContain('text/event-stream');
    await feed.until(2);
    await api.accept(`/v1/touchpoints/${first.eventId}/status`, { status: 'opened' });
    await api.accept('/v1/feedback', { customer, type: 'praise', content: 'after' });
    const events = await feed.until(4);
    const { body } = await api.get(`/v1/customers/${first.customerId}/history`);
    expect(events.map(({ data }) => data)).toEqual(body.items);
    expect(events.map(({ id }) => id)).toEqual(body.items.map(({ position }: Loose) => position));
    expect(events.map(({ event }) => event)).toEqual(body.items.map(({ type }: Loose) => type));
    feed.close();
  });

  it('goes on after Last-Event-ID without gap or repeat, wherever it broke off', async () => {
    const lines = Array.from({ length: 300 }, () => ({ command: 'touchpoint', ...touchpoint() }));
    await api.bulk(lines);
    const last = await api.accept('/v1/touchpoints', touchpoint());
    const whole = await Feed.open(api);
    await eventually('all of it', () => (whole.events.at(-1)?.id === last.position ? true : undefined));
    const all = whole.events.map(({ id }) => id);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect(new Set(all).size).toBe(all.length);
    whole.close();
    for (const place of [0, 1, 250, all.length - 2]) {
      const from = all[place] ?? 0;
      const feed = await Feed.open(api, '', { 'last-event-id': String(from) });
      const rest = all.slice(place + 1);
      await feed.until(rest.length);
      expect(feed.events.map(({ id }) => id)).toEqual(rest);
      feed.close();
    }
  });

  it('keeps up with writers: nothing is missing, nothing twice', async () => {
    const feed = await Feed.open(api);
    const before = await api.bulk([{ command: 'touchpoint', ...touchpoint() }]);
    expect(before.body.accepted).toBe(1);
    const writers = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 5; i++) {
        await api.bulk(Array.from({ length: 50 }, () => ({ command: 'touchpoint', ...touchpoint() })));
      }
    });
    await Promise.all(writers);
    const last = await api.accept('/v1/touchpoints', touchpoint());
    await eventually('the last event', () => (feed.events.at(-1)?.id === last.position ? true : undefined));
    const ids = feed.events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    const events = feed.events.filter(({ event }) => event === 'touchpoint-recorded.v1');
    expect(events.length).toBeGreaterThanOrEqual(1_002);
    feed.close();
  });

  it('filters by customer and types', async () => {
    const customer = somebody();
    const { customerId } = await api.accept('/v1/touchpoints', touchpoint({ customer }));
    await api.accept('/v1/touchpoints', touchpoint());
    await api.accept('/v1/feedback', { customer, type: 'praise', content: 'a' });
    const theirs = await Feed.open(api, `?customer=${customerId}`);
    await theirs.until(3);
    const types = await Feed.open(api, `?customer=${customerId}&types=feedback-received.v1,nothing.v1`);
    await types.until(1);
    await api.accept('/v1/touchpoints', touchpoint());
    await api.accept('/v1/feedback', { customer, type: 'praise', content: 'b' });
    await theirs.until(4);
    await types.until(2);
    expect(theirs.events.map(({ data }) => data.revision)).toEqual([0, 1, 2, 3]);
    expect(types.events.map(({ data }) => data.data.content)).toEqual(['a', 'b']);
    const resumed = await Feed.open(api, `?customer=${customerId}`, {
      'last-event-id': String(theirs.events[1]?.id),
    });
    await resumed.until(2);
    expect(resumed.events.map(({ data }) => data.revision)).toEqual([2, 3]);
    for (const feed of [theirs, types, resumed]) feed.close();
  });

  it('hides what was redacted, also in what it tells again', async () => {
    const made = await api.accept('/v1/touchpoints', touchpoint({ content: 'to be hidden' }));
    await api.accept(`/v1/touchpoints/${made.eventId}/redaction`, { reason: 'asked for' });
    const feed = await Feed.open(api, `?customer=${made.customerId}`);
    await feed.until(3);
    expect(JSON.stringify(feed.events)).not.toContain('to be hidden');
    feed.close();
  });

  it.each(['x', '-1', '1.5', '1e3', '99999999999999999999', "1' OR '1"])(
    'refuses Last-Event-ID %s',
    async (id) => {
      expectProblem(await api.get('/v1/feed', { 'last-event-id': id }), 400, 'invalid-header');
    },
  );

  it('waits at the end of the log, however far away Last-Event-ID is', async () => {
    const feed = await Feed.open(api, '', { 'last-event-id': '9007199254740991' });
    await api.accept('/v1/touchpoints', touchpoint());
    expect(feed.ended).toBe(false);
    expect(feed.events).toEqual([]);
    feed.close();
  });

  it.each(['customer=x', 'types=', 'types=A', 'types=a,,b', 'limit=1', 'customer=a&customer=b'])(
    'refuses ?%s',
    async (query) => {
      expectProblem(await api.get(`/v1/feed?${query}`), 400, 'invalid-query');
    },
  );

  it('ends when the server stops, and the server does not wait for it', async () => {
    const other = await Server.start();
    const feed = await Feed.open(other.client());
    const begun = Date.now();
    expect(await other.stop()).toEqual({ code: 0, signal: null });
    expect(Date.now() - begun).toBeLessThan(8_000);
    await eventually('the feed ends', () => (feed.ended ? true : undefined));
    await other.dispose();
  });
});
