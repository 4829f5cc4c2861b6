import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { prepareImport } from './prepare-import';
import type { Reject } from './rows-to-commands';
import { runImport } from './run-import';
import type { ImportCounts } from './run-import';

// Under jest the parser takes several times what it takes alone, and the machine may be busy.
const TIMEOUT_MS = 60_000;
jest.setTimeout(TIMEOUT_MS);

const root = resolve(__dirname, '../../../..');
const data = resolve(root, '../shared/data');
const isThere = existsSync(data);
if (!isThere) console.warn(`skipped: real data is not at ${data}`);
const onRealData = isThere ? describe : describe.skip;

type Body = Readonly<Record<string, unknown>>;

interface Imported {
  readonly counts: ImportCounts;
  readonly rejects: readonly Reject[];
  readonly bodies: readonly Body[];
}

async function dryRun(mapping: string, names: readonly string[]): Promise<Imported> {
  const prepared = await prepareImport({
    paths: names.map((name) => resolve(data, name)),
    map: join(root, 'docs/examples', mapping),
    command: undefined,
  });
  const rejects: Reject[] = [];
  const bodies: Body[] = [];
  const counts = await runImport({
    ...prepared,
    sender: undefined,
    rejects: {
      write: (reject) => Promise.resolve(void rejects.push(reject)),
      close: () => Promise.resolve([]),
    },
    onProgress: () => undefined,
    onLine: ({ text }) => {
      const body: Body = JSON.parse(text);
      bodies.push(body);
    },
  });
  return { counts, rejects, bodies };
}

function countBy(bodies: readonly Body[], name: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const body of bodies) counts[String(body[name])] = (counts[String(body[name])] ?? 0) + 1;
  return counts;
}

it('makes an order of each row of the example in the README', async () => {
  const { counts, rejects, bodies } = await dryRun('orders.yaml', [join(root, 'docs/examples/orders.csv')]);
  expect(counts).toEqual({ rows: 120, skippedRows: 0, accepted: 120, duplicates: 0, rejected: 0 });
  expect(rejects).toEqual([]);
  expect(bodies[0]).toMatchObject({
    command: 'purchase',
    orderId: 'S-1001',
    total: { amount: '29.90', currency: 'EUR' },
    occurredAt: '2023-08-21T06:31:00.000Z',
  });
});

onRealData('Online Retail', () => {
  it('makes 1,400 purchases and 308 refunds of 2,025 invoices, and rejects those without customer', async () => {
    const files = readdirSync(join(data, 'online-retail'))
      .filter((name) => name.endsWith('.csv'))
      .toSorted();
    const { counts, rejects, bodies } = await dryRun(
      'online-retail.yaml',
      files.map((name) => join('online-retail', name)),
    );
    expect(counts).toEqual({ rows: 42_481, skippedRows: 0, accepted: 1_708, duplicates: 0, rejected: 317 });
    expect(countBy(bodies, 'command')).toEqual({ purchase: 1_400, refund: 308 });
    expect(new Set(rejects.map(({ reason }) => reason))).toEqual(
      new Set(['no customer: int(CustomerID) is empty']),
    );
    expect(rejects[0]?.at.line).toBeGreaterThan(1);

    const first = bodies.find(({ orderId }) => orderId === '536365');
    expect(first).toMatchObject({
      customer: { identifiers: [{ type: 'crm', value: '17850' }] },
      total: { amount: '139.12', currency: 'GBP' },
      occurredAt: '2010-12-01T08:26:00.000Z',
      source: { system: 'online-retail', id: '536365' },
    });
    expect(first?.['items']).toHaveLength(7);
    expect(bodies.find(({ orderId }) => orderId === 'C536379')).toMatchObject({
      command: 'refund',
      amount: { amount: '27.50', currency: 'GBP' },
    });
    expect(bodies.find(({ orderId }) => orderId === '536591')?.['occurredAt']).toBe(
      '2010-12-01T16:57:00.000Z',
    );
  });
});

onRealData('CDNOW', () => {
  it('makes a purchase of every row', async () => {
    const { counts, bodies } = await dryRun('cdnow.yaml', ['CDNOW_sample.txt']);
    expect(counts).toMatchObject({ rows: 6_919, accepted: 6_919, rejected: 0 });
    expect(bodies[0]).toEqual({
      command: 'purchase',
      customer: { identifiers: [{ type: 'crm', value: '00004' }] },
      orderId: 'cdnow-1',
      total: { amount: '29.33', currency: 'USD' },
      occurredAt: '1997-01-01T00:00:00.000Z',
      source: { system: 'cdnow', id: '1' },
    });
    const free = bodies.filter(({ total }) => JSON.stringify(total) === '{"amount":"0.00","currency":"USD"}');
    expect(free).toHaveLength(8);
    expect(new Set(bodies.map(({ orderId }) => orderId)).size).toBe(6_919);
  });
});

onRealData('CFPB complaints', () => {
  it('takes all 3,186 without id, the empty Sub-issue with its colon left out', async () => {
    const { counts, bodies } = await dryRun('cfpb-without-id.yaml', ['cfpb_3186.csv']);
    expect(counts).toMatchObject({ rows: 3_186, accepted: 3_186, rejected: 0 });
    expect(bodies[0]).toEqual({
      command: 'feedback',
      customer: { identifiers: [{ type: 'cfpb', value: '3186-1' }] },
      type: 'complaint',
      content: 'Managing the loan or lease',
      occurredAt: '2013-07-29T00:00:00.000Z',
      channel: 'voice',
      source: { system: 'cfpb', id: '3186-1' },
    });
    expect(
      bodies.some(({ content }) => content === "Cont'd attempts collect debt not owed: Debt is not mine"),
    ).toBe(true);
    expect(bodies.filter(({ content }) => String(content).endsWith(': ')).length).toBe(0);
    expect(countBy(bodies, 'channel')).toMatchObject({ web: 2_233, voice: 200, post: 168 });
  });

  it('takes 2,067 with id and rejects the last one, which is cut', async () => {
    const { counts, rejects, bodies } = await dryRun('cfpb.yaml', ['cfpb_2067.csv']);
    expect(counts).toMatchObject({ rows: 2_068, accepted: 2_067, rejected: 1 });
    expect(rejects[0]?.reason).toBe('cut off, a quote is not closed before the file ends: 2 of 18 fields');
    expect(rejects[0]?.at).toMatchObject({ line: 3_302, row: 2_068 });
    expect(bodies.filter(({ content }) => String(content).length > 500).length).toBeGreaterThan(100);
  });
});

onRealData('BANKING77', () => {
  it('takes 10,003 questions from 10,017 lines', async () => {
    const { counts, bodies } = await dryRun('banking77.yaml', ['banking77_train.csv']);
    expect(counts).toMatchObject({ rows: 10_003, accepted: 10_003, rejected: 0 });
    expect(bodies[0]).toEqual({
      command: 'touchpoint',
      customer: { identifiers: [{ type: 'banking77', value: '1' }] },
      channel: 'chat',
      direction: 'inbound',
      content: 'I am still waiting on my card?',
      source: { system: 'banking77', id: '1' },
      attributes: { category: 'card_arrival' },
    });
  });
});
