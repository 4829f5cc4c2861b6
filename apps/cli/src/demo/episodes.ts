import { DAY_MS, HOUR_MS, MINUTE_MS } from './story';
import type { Story } from './story';
import {
  ANSWERS,
  APOLOGIES,
  CALLS,
  CAMPAIGNS,
  COMPANY,
  PRAISE,
  QUESTIONS,
  REFUND_REASONS,
  SUGGESTIONS,
  TROUBLES,
  VISITS,
} from './words';

/** Something is bought, confirmed, sent; now and then it goes wrong, now and then somebody says how it was. */
export function order(story: Story, atMs: number): void {
  const { seeded } = story;
  const inStore = seeded.chance(0.2);
  const bought = story.purchase(atMs, inStore ? 'in-person' : 'web');
  if (!inStore) {
    const mail = story.touchpoint(atMs + MINUTE_MS, 'shop', {
      channel: 'email',
      direction: 'outbound',
      subject: `Your order ${bought.orderId}`,
      content: `Thank you! We pack the ${bought.product.name.toLowerCase()} today. ${COMPANY}`,
    });
    story.status(atMs + 2 * MINUTE_MS, mail, 'delivered');
    story.touchpoint(atMs + DAY_MS, 'courier', {
      channel: 'sms',
      direction: 'outbound',
      content: `Order ${bought.orderId} is on its way and arrives tomorrow.`,
    });
  }
  if (seeded.chance(0.07)) trouble(story, atMs + seeded.between(2, 6) * DAY_MS, bought);
  else if (seeded.chance(0.16))
    story.survey(atMs + 4 * DAY_MS, 'csat', seeded.chance(0.8) ? 5 : seeded.between(2, 4));
}

type Bought = ReturnType<Story['purchase']>;

/** A complaint, the calls about it, what was done; most are content in the end, and some say so. */
export function trouble(
  story: Story,
  atMs: number,
  bought: Bought,
  endsWell = story.seeded.chance(0.6),
): void {
  const { seeded } = story;
  const threadId = story.newId('thread');
  const said = story.text(TROUBLES, bought.product);
  story.feedback(atMs, 'complaint', said, seeded.between(1, 2));
  story.touchpoint(atMs + 3 * HOUR_MS, 'telephony', {
    channel: 'voice',
    direction: 'inbound',
    kind: 'call',
    content: said,
    durationSeconds: seeded.between(120, 900),
    outcome: 'escalated',
    ...story.agent(),
  });
  story.touchpoint(atMs + DAY_MS, 'helpdesk', {
    channel: 'email',
    direction: 'outbound',
    subject: `About your order ${bought.orderId}`,
    content: story.text(APOLOGIES, bought.product),
    outcome: 'resolved',
    threadId,
    ...story.agent(),
  });
  if (seeded.chance(0.5)) story.refund(atMs + 2 * DAY_MS, bought, story.text(REFUND_REASONS));
  story.survey(atMs + 3 * DAY_MS, 'ces', endsWell ? seeded.between(5, 7) : seeded.between(1, 3));
  if (!endsWell) {
    story.survey(atMs + 20 * DAY_MS, 'nps', seeded.between(0, 5));
    return;
  }
  story.feedback(atMs + 8 * DAY_MS, 'praise', story.text(PRAISE, bought.product), 5);
  story.survey(atMs + 20 * DAY_MS, 'nps', seeded.between(9, 10), story.text(PRAISE, bought.product));
}

/** A mail and its answer, a call, a chat that begins with the bot, a visit, or a remark in public. */
export function contact(story: Story, atMs: number): void {
  const kind = story.seeded.next();
  if (kind < 0.36) mails(story, atMs);
  else if (kind < 0.58) call(story, atMs);
  else if (kind < 0.8) chat(story, atMs);
  else rare(story, atMs);
  if (story.seeded.chance(0.04)) story.feedback(atMs + DAY_MS, 'suggestion', story.text(SUGGESTIONS), 4);
}

function mails(story: Story, atMs: number): void {
  const threadId = story.newId('thread');
  const mail = { channel: 'email', subject: 'A question', threadId };
  story.touchpoint(atMs, 'helpdesk', { ...mail, direction: 'inbound', content: story.text(QUESTIONS) });
  story.touchpoint(atMs + story.seeded.between(1, 20) * HOUR_MS, 'helpdesk', {
    ...mail,
    direction: 'outbound',
    subject: 'Re: A question',
    content: story.text(ANSWERS),
    outcome: 'resolved',
    ...story.agent(),
  });
}

function call(story: Story, atMs: number): void {
  const answered = story.seeded.chance(0.85);
  story.touchpoint(atMs, 'telephony', {
    channel: 'voice',
    direction: story.seeded.chance(0.75) ? 'inbound' : 'outbound',
    kind: 'call',
    durationSeconds: answered ? story.seeded.between(40, 1_200) : 0,
    outcome: answered ? 'resolved' : 'no-answer',
    ...(answered ? { content: story.text(CALLS) } : {}),
    ...story.agent(),
  });
}

function chat(story: Story, atMs: number): void {
  const threadId = story.newId('chat');
  const turn = { channel: 'chat', threadId };
  story.touchpoint(atMs, 'chat', { ...turn, direction: 'inbound', content: story.text(QUESTIONS) });
  story.touchpoint(atMs + MINUTE_MS, 'chat', {
    ...turn,
    direction: 'outbound',
    kind: 'bot-turn',
    content: 'I can help with orders, deliveries and returns. Shall I fetch somebody?',
  });
  if (story.seeded.chance(0.4)) return;
  story.touchpoint(atMs + 4 * MINUTE_MS, 'chat', {
    ...turn,
    direction: 'outbound',
    content: story.text(ANSWERS),
    outcome: 'resolved',
    ...story.agent(),
  });
}

function rare(story: Story, atMs: number): void {
  const { seeded } = story;
  const [channel, direction, kind, content] = seeded.pick([
    ['in-person', 'inbound', 'visit', story.text(VISITS)],
    ['web', 'inbound', 'message', story.text(QUESTIONS)],
    ['social', 'inbound', 'message', 'Look what came today! #hearthandharbour'],
    ['social', 'outbound', 'message', 'How lovely, thank you for showing us.'],
    ['post', 'outbound', 'message', 'The printed catalogue of the season.'],
    ['push', 'outbound', 'message', 'Your basket still waits for you.'],
    ['meeting', 'inbound', 'visit', 'Planned a kitchen together, an hour at the store.'],
    ['other', 'inbound', 'note', 'A neighbour handed in a parcel for this customer.'],
  ] as const);
  story.touchpoint(atMs, 'store', { channel, direction, kind, content });
}

/** One mailing of the season; most are delivered, a third are opened, few are clicked. */
export function mailing(story: Story, atMs: number, month: number): void {
  const { seeded } = story;
  const campaign = CAMPAIGNS[Math.floor(((month + 10) % 12) / 3)] ?? CAMPAIGNS[0];
  const mail = story.touchpoint(atMs, 'mailing', {
    channel: 'email',
    direction: 'outbound',
    purpose: 'marketing',
    campaignId: `${campaign}-${new Date(atMs).getUTCFullYear()}`,
    subject: `From the ${campaign.replace('-', ' ')} collection`,
    content: `New on our shelves: ${story.text(['the {product}.'])} ${COMPANY}`,
  });
  if (!seeded.chance(0.45)) return;
  story.status(atMs + HOUR_MS, mail, seeded.chance(0.06) ? 'bounced' : 'opened');
  if (seeded.chance(0.2)) story.status(atMs + 2 * HOUR_MS, mail, 'clicked');
}
