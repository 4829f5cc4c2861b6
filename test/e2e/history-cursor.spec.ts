import { expectProblem, somebody, touchpoint } from './client';
import type { Client, Loose } from './client';
import { JOURNEY_TIMEOUT_MS, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

let server: LedgerUnderTest;
let api: Client;

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
});
afterAll(() => server.dispose());

describe('a cursor of a history', () => {
  let mine: string;
  let others: string;
  beforeAll(async () => {
    const [customer, other] = [somebody(), somebody()];
    let receipts: Loose[] = [];
    for (let i = 0; i < 6; i++) {
      receipts = await Promise.all(
        [customer, other].map((named) => api.accept('/v1/touchpoints', touchpoint({ customer: named }))),
      );
    }
    [mine, others] = receipts.map(({ customerId }) => `/v1/customers/${customerId}/history`) as [
      string,
      string,
    ];
  });
  const nextOf = async (path: string): Promise<string> => encodeURIComponent((await api.get(path)).body.next);

  it('belongs to its customer, form, bounds and start', async () => {
    const [from, to] = ['2020-01-01T00:00:00Z', '2999-01-01T00:00:00Z'];
    const queries = ['', '&form=record', `&from=${from}`, `&to=${to}`, '&after=0', '&after=1'];
    for (const given of queries) {
      const cursor = await nextOf(`${mine}?limit=2${given}`);
      expectProblem(await api.get(`${others}?cursor=${cursor}${given}`), 400, 'invalid-cursor');
      for (const asked of queries) {
        const answer = await api.get(`${mine}?limit=3&cursor=${cursor}${asked}`);
        expect([given, asked, answer.status]).toEqual([given, asked, given === asked ? 200 : 400]);
      }
    }
  });

  it('is what was given out, to the letter', async () => {
    const cursor = await nextOf(`${mine}?limit=2`);
    const beyond = Buffer.from('h999').toString('base64url');
    for (const bad of [`${cursor}!!!`, `${cursor}%20`, `!${cursor}`, `${cursor}=`, beyond]) {
      expectProblem(await api.get(`${mine}?limit=2&cursor=${bad}`), 400, 'invalid-cursor');
    }
  });

  it('goes on where the page before ended, from `after` on', async () => {
    const revisions = async (query: string): Promise<number[]> =>
      (await api.all(`${mine}?${query}`)).map(({ revision }) => revision);
    expect(await revisions('limit=2&after=1')).toEqual([2, 3, 4, 5, 6]);
  });
});
