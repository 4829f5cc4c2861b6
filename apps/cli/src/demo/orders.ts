import { answeredAt, caredFor, cesOf, csatOf, npsOf } from './care';
import { DAY_MS, fill, HOUR_MS, MINUTE_MS, shortName } from './story';
import type { Bought, Story } from './story';
import { GRUMBLES, PRAISE, SECOND_REPLIES, STILL_WAITING, TROUBLES } from './texts';
import { COMPANY } from './words';

/** Share of parcels that go wrong; in December they are late. */
const TROUBLED = 0.06;
const TROUBLED_IN_DECEMBER = 0.11;
/** Share of those who had a complaint that nobody solved, and were never heard of again. */
const LEAVES = 0.4;

/** Something is bought, confirmed, sent; now and then it goes wrong, now and then somebody says how it was. */
export function order(story: Story, atMs: number): void {
  const { seeded } = story;
  const where = seeded.next();
  const channel = where < 0.16 ? 'in-person' : where < 0.22 ? 'voice' : 'web';
  const bought = story.purchase(atMs, channel);
  if (channel !== 'in-person') send(story, atMs, bought);
  const december = new Date(atMs).getUTCMonth() === 11;
  if (channel !== 'in-person' && seeded.chance(december ? TROUBLED_IN_DECEMBER : TROUBLED)) {
    trouble(story, atMs + seeded.between(2, 6) * DAY_MS, bought);
  } else if (seeded.chance(0.03)) {
    story.refund(atMs + seeded.between(4, 20) * DAY_MS, bought, 'sent back, changed their mind');
  } else if (seeded.chance(0.14)) {
    story.survey(atMs + 4 * DAY_MS, 'csat', csatOf(atMs, seeded, 0.74, 0.94));
  }
}

function send(story: Story, atMs: number, { orderId, product }: Bought): void {
  const { seeded } = story;
  story.touchpoint(atMs + MINUTE_MS, 'shop', {
    channel: 'email',
    direction: 'outbound',
    subject: `Your order ${orderId}`,
    content: `Thank you! We are packing: ${shortName(product)}. ${COMPANY}`,
  });
  const sms = story.touchpoint(atMs + DAY_MS, 'courier', {
    channel: 'sms',
    direction: 'outbound',
    department: 'logistics',
    content: `Order ${orderId} is on its way and arrives tomorrow.`,
  });
  if (!seeded.chance(0.35)) return;
  const arrives = seeded.chance(0.96);
  story.status(
    atMs + DAY_MS + MINUTE_MS,
    sms,
    arrives ? 'delivered' : 'failed',
    arrives ? undefined : 'absent',
  );
}

/** A complaint, what was answered when, and how it ended. All three get better over the years. */
function trouble(story: Story, atMs: number, bought: Bought): void {
  const { seeded } = story;
  const { said, apology, reason } = story.turn(TROUBLES);
  const details = story.details(bought.product);
  const complaint = fill(said, details);
  const thread = { subject: `About your order ${bought.orderId}`, threadId: story.newId('thread') };
  const mail = { channel: 'email', ...thread };
  const solved = seeded.chance(caredFor(atMs, 0.4, 0.9));
  const channel = seeded.chance(0.6) ? 'email' : 'web';
  story.feedback(atMs, 'complaint', complaint, { rating: seeded.between(1, 2), channel });
  if (seeded.chance(0.4)) askByPhone(story, atMs + 2 * HOUR_MS, complaint);
  let answeredMs = answeredAt(atMs, seeded);
  story.touchpoint(answeredMs, 'helpdesk', {
    ...mail,
    direction: 'outbound',
    content: fill(apology, details),
    outcome: solved ? 'resolved' : seeded.pick(['pending', 'escalated', 'unresolved']),
    ...story.agent(),
  });
  if (!solved && seeded.chance(0.5)) {
    const againMs = answeredMs + 2 * DAY_MS;
    answeredMs = answeredAt(againMs, seeded);
    const again = { ...mail, subject: `Re: ${mail.subject}` };
    const asked = story.text(STILL_WAITING, bought.product);
    story.touchpoint(againMs, 'helpdesk', { ...again, direction: 'inbound', content: asked });
    story.touchpoint(answeredMs, 'helpdesk', {
      ...again,
      direction: 'outbound',
      content: story.text(SECOND_REPLIES),
      outcome: seeded.chance(0.6) ? 'resolved' : 'unresolved',
      ...story.agent(),
    });
  }
  if (seeded.chance(solved ? 0.35 : 0.6)) story.refund(answeredMs + HOUR_MS, bought, reason);
  aftermath(story, answeredMs + DAY_MS, { solved, bought });
}

function askByPhone(story: Story, atMs: number, content: string): void {
  story.touchpoint(atMs, 'telephony', {
    channel: 'voice',
    direction: 'inbound',
    kind: 'call',
    content,
    durationSeconds: story.seeded.between(120, 900),
    outcome: 'escalated',
    ...story.agent(),
  });
}

function aftermath(
  story: Story,
  atMs: number,
  { solved, bought }: { readonly solved: boolean; readonly bought: Bought },
): void {
  const { seeded } = story;
  if (seeded.chance(0.65)) {
    const comment = seeded.chance(0.4) ? story.text(solved ? PRAISE : GRUMBLES, bought.product) : undefined;
    story.survey(atMs, 'csat', solved ? csatOf(atMs, seeded, 0.75, 0.95) : seeded.between(1, 3), comment);
  }
  if (seeded.chance(0.35)) story.survey(atMs, 'ces', solved ? cesOf(atMs, seeded) : seeded.between(1, 3));
  if (seeded.chance(0.3))
    story.survey(atMs + 14 * DAY_MS, 'nps', solved ? npsOf(atMs, seeded) : seeded.between(0, 5));
  if (solved && seeded.chance(0.3))
    story.feedback(atMs + 5 * DAY_MS, 'praise', story.text(PRAISE, bought.product), { rating: 5 });
  if (!solved && seeded.chance(LEAVES)) story.leave(atMs);
}
