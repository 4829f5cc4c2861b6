import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { somebody } from './client';
import type { Client, Loose } from './client';
import { Feed } from './feed';
import { ADMIN_KEY, newHome, removeHome, ROOT, Server } from './server';

jest.setTimeout(600_000);

const DATA = resolve(ROOT, '../shared/data');
const isThere = existsSync(DATA);
if (!isThere) console.warn(`skipped: real data is not at ${DATA}`);
const onRealData = isThere ? describe : describe.skip;

const CUSTOMERS = ['17850', '13047', '12583'];

interface Result {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

onRealData('real data', () => {
  // A copy: rejected rows are written beside the files that they came from.
  const data = newHome();
  let server: Server;
  let api: Client;

  beforeAll(async () => {
    cpSync(DATA, data, { recursive: true });
    server = await Server.start();
    api = server.client();
  });
  afterAll(async () => {
    await server.dispose();
    removeHome(data);
  });

  async function importing(map: string, files: readonly string[]): Promise<Result> {
    const script = join(ROOT, 'scripts/touchstone.mjs');
    const paths = files.map((name) => join(data, name));
    const mapping = join(ROOT, 'docs/examples', map);
    const where = ['--url', server.url, '--key', ADMIN_KEY];
    const args = [script, 'import', ...paths, '--map', mapping, '--json', ...where];
    const run = promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 });
    // Exit 1 where rows were rejected; the counts are there all the same.
    const { stdout } = await run.catch((error: Loose) => error);
    const result: Result = JSON.parse(stdout);
    const { accepted, duplicates, rejected } = result;
    return { accepted, duplicates, rejected };
  }

  const retail = isThere
    ? readdirSync(join(DATA, 'online-retail'))
        .filter((name) => name.endsWith('.csv'))
        .toSorted()
        .map((name) => join('online-retail', name))
    : [];

  it.each([
    ['Online Retail', 'online-retail.yaml', retail, 1_708, 317],
    ['CDNOW', 'cdnow.yaml', ['CDNOW_sample.txt'], 6_919, 0],
    ['CFPB without id', 'cfpb-without-id.yaml', ['cfpb_3186.csv'], 3_186, 0],
    ['CFPB', 'cfpb.yaml', ['cfpb_2067.csv'], 2_067, 1],
    ['BANKING77', 'banking77.yaml', ['banking77_train.csv'], 10_003, 0],
  ])('%s comes in whole, and once', async (_name, map, files, accepted, rejected) => {
    const first = await importing(map, files);
    expect(first).toEqual({ accepted, duplicates: 0, rejected });
    expect(await importing(map, files)).toEqual({ accepted: 0, duplicates: accepted, rejected });
  });

  it('has every purchase and 308 refunds in the feed, and each customer’s in the read models', async () => {
    const feed = await Feed.open(
      api,
      '?types=purchase-recorded.v1,purchase-refunded.v1,customer-profile-changed.v1',
    );
    const { customerId } = await api.accept('/v1/customers', somebody());
    await api.patch(`/v1/customers/${customerId}`, { name: 'the end' });
    const events = await feed.until(1_400 + 6_919 + 308 + 1);
    feed.close();
    expect(events.at(-1)?.event).toBe('customer-profile-changed.v1');
    expect(events.filter(({ event }) => event === 'purchase-refunded.v1')).toHaveLength(308);
    for (const value of CUSTOMERS) {
      const { body } = await api.post('/v1/customers/lookup', { identifier: { type: 'crm', value } });
      const all = await api.all(`/v1/customers/${body.customerId}/purchases?limit=500`);
      const history = await api.all(`/v1/customers/${body.customerId}/history?limit=500`);
      const recorded = history.filter(({ type }) => type === 'purchase-recorded.v1');
      expect(recorded.length).toBeGreaterThan(0);
      expect(all.filter(({ unmatched }) => unmatched !== true)).toHaveLength(recorded.length);
      expect(body.purchases.count).toBe(recorded.length);
    }
  });

  it('verifies', async () => {
    expect(await api.verified('ledger')).toMatchObject({ ok: true });
    expect(await api.verified('readmodels')).toMatchObject({ ok: true });
  });
});
