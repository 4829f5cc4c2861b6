import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Recorded } from '#libs/core';
import type { LedgerEvent, SeenEvent } from '#libs/events';
import { fitRfm, RFM_TABLE, rfmValuesOf } from '#libs/insight';
import type { RfmModel, RfmValues } from '#libs/insight';
import { folded, idAt, recorded } from '#libs/testing';
import { purchaseEntries, purchases } from './purchases';
import { segmentSizes } from './segment-sizes';
import { segments } from './segments';

const file = resolve(__dirname, '../../../../shared/data/CDNOW_sample.txt');
const onRealData = existsSync(file) ? describe : describe.skip;

const BUCKETS = 12;

function purchasesOfFile(): readonly Recorded<SeenEvent>[] {
  const rows = readFileSync(file, 'ascii')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const customers: string[] = [];
  const events = rows.map((line, i): LedgerEvent => {
    const [customer = '', , date = '', , amount = ''] = line.trim().split(/\s+/);
    customers.push(customer);
    const occurredAt = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00.000Z`;
    return {
      type: 'purchase-recorded.v1',
      data: { orderId: `cdnow-${i}`, total: { amount, currency: 'USD' }, occurredAt },
    };
  });
  return recorded(events).map((one, i) => ({
    ...one,
    customerId: customers[i] ?? '',
    bucket: Number(customers[i]) % BUCKETS,
  }));
}

/** Fitted as the ledger fits: from the entries that the read model of purchases keeps. */
function modelOf(events: readonly Recorded<SeenEvent>[], asOf: string): RfmModel {
  const about = { asOf, currency: 'USD' };
  const owners = new Map<string, string>();
  for (const one of events) for (const key of purchases.keysOf(one)) owners.set(key, one.customerId);
  const entries = new Map<string, ReturnType<typeof purchaseEntries>>();
  for (const [key, document] of Object.entries(folded(purchases, events))) {
    const owner = owners.get(key) ?? '';
    entries.set(owner, [...(entries.get(owner) ?? []), ...purchaseEntries(document)]);
  }
  const population = [...entries.values()]
    .map((list) => rfmValuesOf(list, about))
    .filter((values): values is RfmValues => values !== undefined);
  const edges = fitRfm(population);
  if (edges === undefined) throw new Error('nobody bought anything');
  const rest = { modelId: idAt(0), kind: 'rfm', table: RFM_TABLE, through: 1 } as const;
  return { ...rest, ...about, edges, population: population.length };
}

// What scripts/rfm_check.py prints, which reads the same file and shares no code with this.
onRealData.each([
  {
    asOf: '1998-07-01T00:00:00.000Z',
    edges: {
      recency: [153, 443, 487, 513],
      frequency: [1, 1, 2, 4],
      monetary: ['15.36', '31.95', '59.25', '130.49'],
    },
    sizes: {
      'about-to-sleep': 332,
      'at-risk': 166,
      'cannot-lose': 8,
      champions: 437,
      hibernating: 763,
      loyal: 429,
      'needs-attention': 78,
      'potential-loyalist': 144,
    },
  },
  {
    asOf: '1997-10-01T00:00:00.000Z',
    edges: {
      recency: [100, 199, 220, 243],
      frequency: [1, 1, 2, 3],
      monetary: ['14.96', '27.99', '46.04', '93.76'],
    },
    sizes: {
      'about-to-sleep': 275,
      'at-risk': 183,
      'cannot-lose': 8,
      champions: 760,
      hibernating: 631,
      loyal: 159,
      'needs-attention': 67,
      'potential-loyalist': 224,
      promising: 50,
    },
  },
])(`CDNOW as of $asOf (skipped without ${file})`, ({ asOf, edges, sizes }) => {
  it('has the edges and sizes that an independent program computes', () => {
    const events = purchasesOfFile();
    const model = modelOf(events, asOf);
    expect(model).toMatchObject({ edges, population: 2_357 });
    const total: Record<string, number> = {};
    for (const document of Object.values(folded(segmentSizes, events, [segments(model)]))) {
      for (const [segment, size] of Object.entries(document['sizes'] ?? {})) {
        total[segment] = (total[segment] ?? 0) + Number(size);
      }
    }
    expect(total).toEqual(sizes);
  });
});
