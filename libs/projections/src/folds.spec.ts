import type { LedgerEvent } from '#libs/events';
import { definitionOf } from '#libs/events';
import { folded, idAt, recorded, recordedAt, seededNumbers, shuffled, withoutSealed } from '#libs/testing';
import { projections } from './all';

const FACTS = { channel: 'email', direction: 'inbound', kind: 'message' } as const;
const eur = (amount: string) => ({ amount, currency: 'EUR' });
const gbp = (amount: string) => ({ amount, currency: 'GBP' });
const was = { ...FACTS, occurredAt: recordedAt(1) };
const now = { ...was, channel: 'voice', agent: 'ann' } as const;
const secret = {
  subject: 'secret subject',
  content: 'secret content',
  outcomeText: 'secret',
  threadId: 'secret',
  attributes: { secret: 'secret' },
};

/** A stream with every event type, two touchpoints (at 1 and 2), the first of which is redacted in the end. */
const STORY: readonly LedgerEvent[] = [
  {
    type: 'customer-registered.v1',
    data: { name: 'Anna', identifiers: [{ type: 'email', value: 'a@x.com' }], attributes: { vip: true } },
  },
  {
    type: 'touchpoint-recorded.v1',
    data: { ...FACTS, ...secret, sourceSystem: 'mail', sourceId: 'secret', sourcePart: 'secret' },
  },
  { type: 'touchpoint-recorded.v1', data: { ...FACTS, direction: 'outbound', content: 'stays here' } },
  {
    type: 'touchpoint-status-reported.v1',
    data: { touchpointId: idAt(1), status: 'delivered', detail: 'secret' },
  },
  {
    type: 'touchpoint-corrected.v1',
    data: { touchpointId: idAt(1), was, now, ...secret, content: 'secret again', reason: 'secret' },
  },
  { type: 'touchpoint-annotated.v1', data: { touchpointId: idAt(1), text: 'secret note' } },
  { type: 'touchpoint-annotated.v1', data: { touchpointId: idAt(2), text: 'a note' } },
  { type: 'identifier-linked.v1', data: { identifiers: [{ type: 'phone', value: '+41446681800' }] } },
  { type: 'customer-profile-changed.v1', data: { attributes: { vip: null, plan: 'gold' } } },
  {
    type: 'purchase-recorded.v1',
    data: { orderId: 'o1', total: eur('10.00'), items: [{ sku: 'a', quantity: 1 }] },
  },
  { type: 'purchase-refunded.v1', data: { orderId: 'o1', amount: eur('2.50') } },
  { type: 'purchase-refunded.v1', data: { orderId: 'o2', amount: gbp('1') } },
  { type: 'survey-answered.v1', data: { instrument: 'nps', score: 9, comment: 'fine' } },
  { type: 'feedback-received.v1', data: { type: 'praise', content: 'good' } },
  { type: 'touchpoint-redacted.v1', data: { touchpointId: idAt(1), was: now, reason: 'asked for' } },
  { type: 'identifier-unlinked.v1', data: { identifiers: [{ type: 'email', value: 'a@x.com' }] } },
  { type: 'touchpoint-status-reported.v1', data: { touchpointId: idAt(1), status: 'opened' } },
  { type: 'touchpoint-recorded.v1', data: { ...FACTS, subject: 'the last' } },
];
/** Whose blobs a redaction of the first touchpoint drops. */
const HIDDEN_REVISIONS = [1, 3, 4, 5];
const story = recorded(STORY);

it('the story has every event type', () => {
  expect(new Set(STORY.map(({ type }) => type)).size).toBe(13);
  for (const { type } of STORY) expect(definitionOf(type).type).toBe(type);
});

describe.each(projections)('$name', (projection) => {
  const earlier = projections.filter(({ name }) => projection.after?.includes(name));
  const foldedHere = (events: Parameters<typeof folded>[1]) => folded(projection, events, earlier);

  it('is the same after a rebuild in which what was redacted is not there from the start', () => {
    const rebuilt = story.map((one) => (HIDDEN_REVISIONS.includes(one.revision) ? withoutSealed(one) : one));
    expect(foldedHere(rebuilt)).toEqual(foldedHere(story));
  });

  it('shows nothing of what is redacted', () => {
    expect(JSON.stringify(foldedHere(story))).not.toContain('secret');
  });

  it('is the same whatever of it was folded before, and changes nothing that it is given', () => {
    const frozen = story.map(deepFrozen);
    const whole = foldedHere(frozen);
    expect(foldedHere(frozen)).toEqual(whole);
    const documents = deepFrozen(foldedHere(frozen.slice(0, 9)));
    for (const one of frozen.slice(9)) {
      for (const key of projection.keysOf(one)) projection.fold(documents[key], one, key, {});
    }
  });

  it('is total: any order, any part missing, anything twice', () => {
    const random = seededNumbers(20_260_101);
    for (let round = 0; round < 300; round++) {
      const some = shuffled([...story, ...story], random).slice(0, Math.ceil(random() * 2 * story.length));
      const bare = some.map((one) => (random() < 0.3 ? withoutSealed(one) : one));
      const documents = foldedHere(bare);
      expect(JSON.parse(JSON.stringify(documents))).toEqual(documents);
    }
  });

  it('reads every event whose sealed fields are gone: an erased customer', () => {
    const documents = foldedHere(story.map(withoutSealed));
    expect(JSON.stringify(documents)).not.toMatch(/secret|Anna|stays here|a note|a@x|fine|good/);
  });
});

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(deepFrozen);
  }
  return value;
}
