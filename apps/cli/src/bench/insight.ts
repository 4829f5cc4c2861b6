import type { Bench } from './bench';
import type { DataSets } from './data-sets';
import { END_MS, YEAR_MS } from './generate';
import { measureQuery, someCustomers } from './read';

const MAX_P99_MS = 20;
const DAY_MS = 86_400_000;
/** Years that begin on so many days, the last one ending with the last touchpoint: no two answers in a row are the same. */
const YEARS = 365;

/** What read models know of all customers, and how loyal one is, on the large ledger. */
export async function measureInsight(bench: Bench, sets: DataSets): Promise<void> {
  const running = await bench.start(await sets.large());
  try {
    const customers = await someCustomers(running, bench.sizes.customers);
    const queries = {
      'read-loyalty-p99': customers.map((id) => `/v1/customers/${id}/loyalty`),
      'read-segments-p99': ['/v1/segments'],
      'read-contacts-year-p99': years().map((year) => `/v1/metrics/contacts?${year}&by=month,channel`),
      'read-satisfaction-year-p99': years().map((year) => `/v1/metrics/satisfaction?${year}&by=month`),
    };
    for (const [figure, paths] of Object.entries(queries)) {
      await measureQuery(bench, running, { figure, paths, mostMs: MAX_P99_MS });
    }
    // Nothing was promised for whole pages of profiles.
    const paths = ['/v1/customers?sort=-loyalty&limit=50'];
    await measureQuery(bench, running, { figure: 'read-customers-p99', paths });
  } finally {
    await running.close();
  }
}

/** `from` and `to` of a year each. */
export function years(): string[] {
  return Array.from({ length: YEARS }, (_, daysAgo) => {
    const toMs = END_MS - daysAgo * DAY_MS;
    return `from=${dayOf(toMs - YEAR_MS)}&to=${dayOf(toMs)}`;
  });
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 'YYYY-MM-DD'.length);
}
