import { DAY_MS, HOUR_MS } from './story';
import type { Story } from './story';

/** Ids, in the helpdesk, of messages of customer 0 that the demo comes back to. */
export const EXAMPLE = {
  corrected: 'example-corrected',
  redacted: 'example-redacted',
  complaint: 'example-complaint',
  praise: 'example-praise',
} as const;

const LOST_MS = Date.parse('2024-03-04T19:12:00.000Z');
const KEPT_MS = Date.parse('2026-05-12T10:04:00.000Z');

/**
 * What happens to customer 0 for certain: a complaint that waited for days, months of silence, and two years later one
 * that was answered within hours and ended in praise.
 */
export function tellExample(story: Story): void {
  lose(story);
  keep(story);
}

function lose(story: Story): void {
  const bought = story.purchase(LOST_MS, 'web');
  const atMs = LOST_MS + 5 * DAY_MS;
  const said = 'My parcel is four days late, and the tracking page still says tomorrow.';
  story.feedback(atMs, 'complaint', said, { rating: 1, channel: 'email' });
  story.touchpoint(atMs + 5 * DAY_MS, 'helpdesk', {
    channel: 'email',
    direction: 'outbound',
    subject: `About your order ${bought.orderId}`,
    content: 'We are sorry. We could not find your parcel, and have asked the courier to look for it.',
    outcome: 'unresolved',
    ...story.agent(),
  });
  story.survey(atMs + 6 * DAY_MS, 'csat', 1, 'Five days for an answer, and it is none.');
  story.survey(atMs + 20 * DAY_MS, 'nps', 2);
}

function keep(story: Story): void {
  const bought = story.purchase(KEPT_MS, 'web');
  const atMs = KEPT_MS + 5 * DAY_MS;
  const thread = { subject: `About your order ${bought.orderId}`, threadId: story.newId('thread') };
  story.feedback(atMs, 'complaint', 'The parcel arrived broken, the box was open on one side.', {
    rating: 2,
    channel: 'email',
    id: EXAMPLE.complaint,
  });
  story.touchpoint(atMs + 2 * HOUR_MS, 'helpdesk', {
    ...thread,
    channel: 'email',
    direction: 'outbound',
    content: 'We are sorry. A new parcel leaves today by express; keep the old one.',
    outcome: 'resolved',
    ...story.agent(),
  });
  const voice = 'Left a message on the pavement: please call back about the kettle.';
  const chat = 'My card number is 4000 1234 5678 9010, please refund the postage there.';
  story.touchpoint(
    atMs + DAY_MS,
    'helpdesk',
    { channel: 'voice', direction: 'inbound', content: voice },
    EXAMPLE.corrected,
  );
  story.touchpoint(
    atMs + DAY_MS + HOUR_MS,
    'helpdesk',
    { channel: 'chat', direction: 'inbound', content: chat },
    EXAMPLE.redacted,
  );
  story.survey(atMs + 2 * DAY_MS, 'csat', 5);
  story.survey(atMs + 4 * DAY_MS, 'nps', 10);
  const praise = 'What a turnaround! The new kettle came the next day, with a note. Thank you, really.';
  story.feedback(atMs + 5 * DAY_MS, 'praise', praise, { rating: 5, id: EXAMPLE.praise });
}
