import { isDeepStrictEqual } from 'node:util';
import { expectProblem, somebody, touchpoint } from './client';
import type { Client, Loose } from './client';
import { JOURNEY_TIMEOUT_MS, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';
import { eventually } from './wait';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

const DAY_MS = 86_400_000;
const CHANNELS = ['email', 'voice', 'chat', 'in-person'] as const;
const KINDS = ['message', 'call', 'visit'] as const;
const DIRECTIONS = ['inbound', 'outbound'] as const;
/** Around a new year whose week belongs to both, and a leap day. */
const INSTANTS = [
  '2023-12-30T23:59:59.999Z',
  '2023-12-31T00:00:00.000Z',
  '2023-12-31T23:59:59.999Z',
  '2024-01-01T00:00:00.000Z',
  '2024-02-29T12:00:00.000Z',
  '2024-03-01T00:00:00.000Z',
  '2024-12-29T08:00:00.000Z',
  '2024-12-31T08:00:00.000Z',
  '2021-01-03T08:00:00.000Z',
] as const;
const CUSTOMERS = 24;
const TOUCHPOINTS = 5;

let server: LedgerUnderTest;
let api: Client;
let histories: readonly (readonly Loose[])[];

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
  const customerIds = await Promise.all(Array.from({ length: CUSTOMERS }, (_, n) => somebodysStory(n)));
  histories = await Promise.all(customerIds.map((id) => api.all(`/v1/customers/${id}/history?limit=500`)));
});
afterAll(() => server.dispose());

function at<T>(list: readonly T[], n: number): T {
  const found = list[n % list.length];
  if (found === undefined) throw new Error('the list is empty');
  return found;
}

/** Touchpoints, corrections that move them, redactions before and after such, answers and what counts nowhere. */
async function somebodysStory(n: number): Promise<string> {
  const customer = somebody();
  const made: Loose[] = [];
  for (let i = 0; i < TOUCHPOINTS; i++) {
    const said = {
      customer,
      channel: at(CHANNELS, n + i),
      direction: at(DIRECTIONS, n + 2 * i),
      kind: at(KINDS, i),
      content: 'x',
      // One has no time of its own: it happened when it was recorded.
      ...(i === 4 ? {} : { occurredAt: at(INSTANTS, n + i) }),
    };
    made.push(await api.accept('/v1/touchpoints', touchpoint(said)));
  }
  const correct = (i: number, fields: object): Promise<Loose> =>
    api.accept(`/v1/touchpoints/${made[i].eventId}/correction`, { fields, reason: 'wrong' });
  const redact = (i: number): Promise<Loose> =>
    api.accept(`/v1/touchpoints/${made[i].eventId}/redaction`, { reason: 'asked for' });
  await correct(0, { occurredAt: at(INSTANTS, n + 5), channel: at(CHANNELS, n + 1) });
  await correct(0, { occurredAt: at(INSTANTS, n + 3) });
  await correct(1, { agent: 'ann', content: 'y' });
  await correct(4, { kind: 'note' });
  if (n % 2 === 0) await redact(0);
  if (n % 3 === 0) await redact(2);
  const answers = { csat: 1 + (n % 5), nps: n % 11, ces: 1 + (n % 7), cci: (7 * n) % 101 };
  for (const [instrument, score] of Object.entries(answers)) {
    const answer = { customer, instrument, score, occurredAt: at(INSTANTS, n) };
    await api.accept('/v1/survey-answers', answer);
  }
  const feedback = { customer, type: 'praise', content: 'good', rating: 5 };
  const { customerId, revision } = await api.accept('/v1/feedback', feedback);
  await api.get(`/v1/customers/${customerId}?waitFor=${revision}&waitMs=10000`);
  return customerId;
}

interface Contact {
  readonly occurredAt: string;
  readonly channel: string;
  readonly direction: string;
  readonly kind: string;
}

/** What a history says of its touchpoints in the end: the latest state of each that is not redacted. */
function contactsIn(history: readonly Loose[]): readonly Contact[] {
  const contacts = new Map<string, Contact>();
  for (const { type, eventId, occurredAt, data } of history) {
    if (type === 'touchpoint-recorded.v1') contacts.set(eventId, { ...data, occurredAt });
    if (type === 'touchpoint-corrected.v1') contacts.set(data.touchpointId, data.now);
    if (type === 'touchpoint-redacted.v1') contacts.delete(data.touchpointId);
  }
  return [...contacts.values()];
}

/** The ISO week by the book: the year and the number of its Thursday among the year's Thursdays. */
function weekOf(day: string): string {
  let thursday = Date.parse(day);
  while (new Date(thursday).getUTCDay() !== 1) thursday -= DAY_MS;
  thursday += 3 * DAY_MS;
  const year = new Date(thursday).getUTCFullYear();
  let week = 0;
  for (let ms = thursday; new Date(ms).getUTCFullYear() === year; ms -= 7 * DAY_MS) week++;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

const PERIODS: Readonly<Record<string, (instant: string) => string>> = {
  day: (instant) => instant.slice(0, 10),
  week: (instant) => weekOf(instant.slice(0, 10)),
  month: (instant) => instant.slice(0, 7),
};
const ORDER = ['day', 'week', 'month', 'channel', 'direction', 'kind'] as const;

function expectedRows(by: string, from = '', to = '9'): Loose[] {
  const names = ORDER.filter((name) => by.split(',').includes(name));
  const counts = new Map<string, number>();
  for (const contact of histories.flatMap(contactsIn)) {
    if (contact.occurredAt < from || contact.occurredAt >= to) continue;
    const values = names.map((name) => PERIODS[name]?.(contact.occurredAt) ?? Reflect.get(contact, name));
    const key = JSON.stringify(values);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const rows = [...counts].map(([key, count]) => {
    const values: string[] = JSON.parse(key);
    return { values, row: { ...Object.fromEntries(names.map((name, i) => [name, values[i]])), count } };
  });
  return rows.toSorted((a, b) => compared(a.values, b.values)).map(({ row }) => row);
}

function compared(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((value, place) => value !== b[place]);
  return i === -1 ? 0 : String(a[i]) < String(b[i]) ? -1 : 1;
}

/** Asks until the read model has caught up, and shows the difference where it does not. */
async function expectRows(path: string, rows: readonly Loose[]): Promise<void> {
  let last: Loose;
  try {
    await eventually(`${path} has caught up`, async () => {
      const answer = await api.get(path);
      last = answer.body;
      return isDeepStrictEqual(last?.rows, rows) ? true : undefined;
    });
  } catch {
    expect(last?.rows).toEqual(rows);
  }
}

describe('contacts', () => {
  it.each([
    'day',
    'week',
    'month',
    'channel',
    'direction',
    'kind',
    'week,channel',
    'kind,day,direction,channel',
  ])('by %s are those of all histories', async (by) => {
    await expectRows(`/v1/metrics/contacts?by=${by}`, expectedRows(by));
  });

  it('without by are one number', async () => {
    await expectRows('/v1/metrics/contacts', [{ count: histories.flatMap(contactsIn).length }]);
  });

  it.each([
    ['2023-12-31', '2024-01-01'],
    ['2024-01-01', '2024-03-01'],
    ['2021-01-01', '2024-02-29'],
    ['2024-02-29T01:00:00%2B01:00', '2025-01-01T00:00:00Z'],
    ['1999-01-01', '2000-01-01'],
  ])('from %s to %s are those of these days', async (from, to) => {
    const [start, end] = [from, to].map((given) => new Date(decodeURIComponent(given)).toISOString());
    const rows = expectedRows('day,channel', start, end);
    await expectRows(`/v1/metrics/contacts?by=channel,day&from=${from}&to=${to}`, rows);
    const { body } = await api.get(`/v1/metrics/contacts?by=channel,day&from=${from}&to=${to}`);
    expect(body).toEqual({ from: start, to: end, by: ['day', 'channel'], rows });
  });

  it('are in the same rows after a rebuild', async () => {
    const paths = ['contacts?by=day,channel,direction,kind', 'satisfaction?by=day'];
    const ask = (): Promise<Loose[]> =>
      Promise.all(paths.map(async (path) => (await api.get(`/v1/metrics/${path}`)).body));
    const before = await ask();
    for (const name of ['contacts', 'satisfaction']) {
      const { body } = await api.post(`/v1/projections/${name}/rebuild`);
      const done = await api.ended(body.rebuildId);
      expect(done).toMatchObject({ state: 'done', parity: { differing: 0, undecided: 0 } });
    }
    expect(await ask()).toEqual(before);
  });
});

describe('satisfaction', () => {
  const answersOf = (instrument: string, within: (occurredAt: string) => boolean): number[] =>
    histories
      .flat()
      .filter(({ type, data, occurredAt }) => {
        return type === 'survey-answered.v1' && data.instrument === instrument && within(occurredAt);
      })
      .map(({ data }) => data.score);
  const share = (scores: readonly number[], low: number, high: number): number =>
    scores.filter((score) => score >= low && score <= high).length;
  const mean = (scores: readonly number[]): number => scores.reduce((a, b) => a + b, 0) / scores.length;

  function expectScores(scores: Loose, within: (occurredAt: string) => boolean): void {
    const csat = answersOf('csat', within);
    expect(scores.csat.answers).toBe(csat.length);
    expect(scores.csat.score).toBeCloseTo((100 * share(csat, 4, 5)) / csat.length, 1);
    expect(scores.csat.distribution).toEqual(
      Object.fromEntries([1, 2, 3, 4, 5].map((score) => [score, share(csat, score, score)])),
    );
    const nps = answersOf('nps', within);
    const [promoters, passives, detractors] = [share(nps, 9, 10), share(nps, 7, 8), share(nps, 0, 6)];
    expect(scores.nps).toEqual({
      promoters,
      passives,
      detractors,
      answers: nps.length,
      score: expect.any(Number),
    });
    expect(scores.nps.score).toBeCloseTo((100 * (promoters - detractors)) / nps.length, 1);
    expect(scores.ces.score).toBeCloseTo(mean(answersOf('ces', within)), 1);
    expect(scores.cci.score).toBeCloseTo(mean(answersOf('cci', within)), 1);
    expect(scores.cci.answers).toBe(answersOf('cci', within).length);
  }

  it('is that of all histories, whole and by period', async () => {
    const { body } = await eventually('the answers are counted', async () => {
      const answer = await api.get('/v1/metrics/satisfaction?by=week');
      return answer.body?.csat?.answers === CUSTOMERS && answer.body.cci.answers === CUSTOMERS
        ? answer
        : undefined;
    });
    expectScores(body, () => true);
    const weeks = new Set(histories.flat().map(({ occurredAt }) => weekOf(occurredAt.slice(0, 10))));
    const answered = [...weeks].filter(
      (week) => answersOf('csat', (occurredAt) => weekOf(occurredAt.slice(0, 10)) === week).length > 0,
    );
    expect(body.rows.map(({ week }: Loose) => week)).toEqual(answered.toSorted());
    for (const row of body.rows)
      expectScores(row, (occurredAt) => weekOf(occurredAt.slice(0, 10)) === row.week);
  });

  it('has no scores where nobody answered', async () => {
    const { body } = await api.get('/v1/metrics/satisfaction?from=1999-01-01&to=2000-01-01');
    expect(body).toMatchObject({
      csat: { score: null, answers: 0 },
      nps: { score: null },
      cci: { score: null },
    });
    expect(body.rows).toBeUndefined();
  });
});

describe('a question that is not good', () => {
  it.each([
    'contacts?from=2024-01-01T12:00:00Z',
    'contacts?to=2024-02-30',
    'contacts?by=day,week',
    'contacts?by=channel,channel',
    'contacts?by=agent',
    'contacts?limit=1',
    'satisfaction?by=channel',
  ])('%s is refused', async (query) => {
    expectProblem(await api.get(`/v1/metrics/${query}`), 400, 'invalid-query');
  });

  it('is one of a service', async () => {
    const service = await api.as('service');
    for (const path of ['contacts', 'satisfaction']) {
      expectProblem(await service.get(`/v1/metrics/${path}`), 403, 'forbidden');
      for (const role of ['agent', 'analyst', 'auditor', 'dpo', 'admin']) {
        expect((await (await api.as(role)).get(`/v1/metrics/${path}`)).status).toBe(200);
      }
    }
  });

  it('asks for more than 40 years with contacts in all their months', async () => {
    const customer = somebody();
    const lines = Array.from({ length: 500 }, (_, n) => {
      const month = new Date(Date.UTC(1950, n, 15)).toISOString();
      return { command: 'touchpoint', ...touchpoint({ customer, occurredAt: month }) };
    });
    expect((await api.bulk(lines)).body.accepted).toBe(500);
    const answer = await eventually('the months are counted', async () => {
      const whole = await api.get('/v1/metrics/contacts?by=channel');
      return whole.status === 200 ? undefined : whole;
    });
    expectProblem(answer, 422, 'query-too-broad');
    expect((await api.get('/v1/metrics/contacts?from=1950-01-01&to=1990-01-01')).body.rows).toEqual([
      { count: 480 },
    ]);
  });
});
