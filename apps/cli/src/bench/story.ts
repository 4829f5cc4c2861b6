import { CHANNELS, crmKey, END_MS, SEED, Seeded, sentence, YEAR_MS } from './generate';

const STORY_MS = 2 * YEAR_MS;
/** Of purchases, so that each customer has eight on average and no two quintiles are alike. */
const LEAST_BOUGHT = 4;
const MOST_BOUGHT = 12;
const REFUNDED = 0.1;
const REFUND_WITHIN_MS = 30 * 86_400_000;
const MOST_ANSWERS = 3;
const COMPLAINS = 1 / 3;
const SCORES = { csat: [1, 5], ces: [1, 7], nps: [0, 10], cci: [0, 100] } as const;
const INSTRUMENTS = ['csat', 'ces', 'nps', 'cci'] as const;

interface Told {
  readonly atMs: number;
  readonly command: 'purchase' | 'refund' | 'survey-answer' | 'feedback';
  readonly body: object;
}

/**
 * What one customer bought, sent back, answered and complained about within two years, as lines of a bulk body in order
 * of time: about eleven, each one event of a customer who is known. The same in each run.
 */
export function storyLines(customer: number): string[] {
  const seeded = new Seeded(Math.imul(SEED, customer + 1));
  const told = [...bought(seeded, customer), ...answers(seeded), ...complaints(seeded)];
  const reference = { identifiers: [{ type: 'crm', value: crmKey(customer) }] };
  return told
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, command, body }) => {
      const occurredAt = new Date(atMs).toISOString();
      return `${JSON.stringify({ command, customer: reference, ...body, occurredAt })}\n`;
    });
}

function bought(seeded: Seeded, customer: number): Told[] {
  const told: Told[] = [];
  const count = seeded.between(LEAST_BOUGHT, MOST_BOUGHT);
  for (let i = 0; i < count; i++) {
    const atMs = timeOf(seeded);
    const quantity = seeded.between(1, 3);
    const unitPence = seeded.between(199, 8_999);
    // Its number makes a purchase idempotent, so it is looked up and kept for ever, as everywhere.
    const orderId = `bench-${customer}-${i}`;
    const items = [{ sku: `sku-${seeded.below(500)}`, quantity, unitPrice: pounds(unitPence) }];
    const body = { orderId, total: pounds(quantity * unitPence), items, channel: 'web' };
    told.push({ atMs, command: 'purchase', body });
    if (!seeded.chance(REFUNDED)) continue;
    const backMs = Math.min(END_MS - 1, atMs + 1 + seeded.below(REFUND_WITHIN_MS));
    const refund = { orderId, amount: pounds(unitPence), reason: sentence(seeded, 40) };
    told.push({ atMs: backMs, command: 'refund', body: refund });
  }
  return told;
}

function answers(seeded: Seeded): Told[] {
  return Array.from({ length: seeded.between(1, MOST_ANSWERS) }, () => {
    const instrument = seeded.pick(INSTRUMENTS);
    const [least, most] = SCORES[instrument];
    const comment = sentence(seeded, 80);
    const body = { instrument, score: seeded.between(least, most), comment };
    return { atMs: timeOf(seeded), command: 'survey-answer' as const, body };
  });
}

function complaints(seeded: Seeded): Told[] {
  if (!seeded.chance(COMPLAINS)) return [];
  const body = { type: 'complaint', channel: seeded.pick(CHANNELS), content: sentence(seeded, 200) };
  return [{ atMs: timeOf(seeded), command: 'feedback', body }];
}

function timeOf(seeded: Seeded): number {
  return END_MS - 1 - seeded.below(STORY_MS);
}

function pounds(pence: number): { readonly amount: string; readonly currency: string } {
  return { amount: (pence / 100).toFixed(2), currency: 'GBP' };
}
