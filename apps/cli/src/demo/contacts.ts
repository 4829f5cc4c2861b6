import { answeredAt, caredFor, cesOf, csatOf } from './care';
import { DAY_MS, fill, HOUR_MS, MINUTE_MS } from './story';
import type { Story } from './story';
import { CALLS, MEETINGS, NOTES, POSTS, SUGGESTIONS, TOPICS, VISITS } from './texts';

type Episode = (story: Story, atMs: number) => void;

/** An ordinary question waits so long, compared with a complaint. */
const QUESTION_SHARE = 0.4;

/** Of a hundred contacts so many are of this kind. */
const EPISODES: readonly (readonly [share: number, Episode])[] = [
  [34, mails],
  [24, call],
  [20, chat],
  [7, webForm],
  [7, visit],
  [4, remark],
  [2, meeting],
  [2, note],
];

/** A mail and its answer, a call, a chat that begins with the bot, a form, a visit, or a remark in public. */
export function contact(story: Story, atMs: number): void {
  const { seeded } = story;
  let dice = seeded.below(100);
  const [, episode] = EPISODES.find(([share]) => (dice -= share) < 0) ?? [0, mails];
  episode(story, atMs);
  if (seeded.chance(0.16)) story.survey(atMs + 2 * DAY_MS, 'csat', csatOf(atMs, seeded));
  if (seeded.chance(0.08)) story.survey(atMs + 2 * DAY_MS, 'ces', cesOf(atMs, seeded));
  if (seeded.chance(0.03))
    story.feedback(atMs + DAY_MS, 'suggestion', story.text(SUGGESTIONS), { rating: 4 });
}

/** What customer care calls it in the end; at first they leave more open. */
function outcomeOf({ seeded }: Story, atMs: number): string {
  return seeded.chance(caredFor(atMs, 0.66, 0.93)) ? 'resolved' : seeded.pick(['pending', 'unresolved']);
}

function mails(story: Story, atMs: number): void {
  ask(story, atMs, 'email');
}

function webForm(story: Story, atMs: number): void {
  ask(story, atMs, 'web');
}

/** Answered by mail. */
function ask(story: Story, atMs: number, channel: 'email' | 'web'): void {
  const { seeded } = story;
  const { subject, question, answer } = story.turn(TOPICS);
  const details = story.details();
  const topic = fill(subject, details);
  const threadId = story.newId('thread');
  const asked = { channel, direction: 'inbound', subject: topic, content: fill(question, details), threadId };
  story.touchpoint(atMs, 'helpdesk', asked);
  story.touchpoint(answeredAt(atMs, seeded, QUESTION_SHARE), 'helpdesk', {
    channel: 'email',
    direction: 'outbound',
    subject: `Re: ${topic}`,
    content: fill(answer, details),
    outcome: outcomeOf(story, atMs),
    threadId,
    ...story.agent(),
  });
}

function call(story: Story, atMs: number): void {
  const { seeded } = story;
  const inbound = seeded.chance(0.75);
  const answered = seeded.chance(inbound ? caredFor(atMs, 0.82, 0.96) : 0.7);
  story.touchpoint(atMs, 'telephony', {
    channel: 'voice',
    direction: inbound ? 'inbound' : 'outbound',
    kind: 'call',
    durationSeconds: answered ? seeded.between(40, 1_200) : 0,
    outcome: answered ? outcomeOf(story, atMs) : 'no-answer',
    ...(answered ? { content: story.text(CALLS) } : {}),
    ...story.agent(),
  });
}

function chat(story: Story, atMs: number): void {
  const { seeded } = story;
  const { question, answer } = story.turn(TOPICS);
  const details = story.details();
  const turn = { channel: 'chat', threadId: story.newId('chat') };
  story.touchpoint(atMs, 'chat', { ...turn, direction: 'inbound', content: fill(question, details) });
  const helped = seeded.chance(0.3);
  story.touchpoint(atMs + MINUTE_MS, 'chat', {
    ...turn,
    direction: 'outbound',
    kind: 'bot-turn',
    content: 'I can help with orders, deliveries and returns. Shall I fetch somebody?',
    ...(helped ? { outcome: 'resolved' } : {}),
  });
  if (helped) return;
  story.touchpoint(atMs + 4 * MINUTE_MS, 'chat', {
    ...turn,
    direction: 'outbound',
    content: fill(answer, details),
    outcome: outcomeOf(story, atMs),
    ...story.agent(),
  });
}

function visit(story: Story, atMs: number): void {
  story.touchpoint(atMs, 'store', {
    channel: 'in-person',
    direction: 'inbound',
    kind: 'visit',
    content: story.text(VISITS),
    durationSeconds: story.seeded.between(5, 50) * 60,
    ...story.agent('store'),
  });
}

function remark(story: Story, atMs: number): void {
  const threadId = story.newId('post');
  const said = { channel: 'social', direction: 'inbound', content: story.text(POSTS), threadId };
  story.touchpoint(atMs, 'social', said);
  if (story.seeded.chance(0.4)) return;
  const thanks = 'How lovely, thank you for showing us!';
  story.touchpoint(atMs + 3 * HOUR_MS, 'social', {
    channel: 'social',
    direction: 'outbound',
    content: thanks,
    threadId,
    ...story.agent('marketing'),
  });
}

function meeting(story: Story, atMs: number): void {
  story.touchpoint(atMs, 'store', {
    channel: 'meeting',
    direction: 'inbound',
    kind: 'visit',
    content: story.text(MEETINGS),
    durationSeconds: story.seeded.between(30, 90) * 60,
    outcome: 'resolved',
    ...story.agent('store'),
  });
}

function note(story: Story, atMs: number): void {
  const content = story.text(NOTES);
  story.touchpoint(atMs, 'store', { channel: 'other', direction: 'inbound', kind: 'note', content });
}
