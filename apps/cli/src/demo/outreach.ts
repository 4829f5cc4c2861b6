import { cciOf, npsOf } from './care';
import { DAY_MS, HOUR_MS, MINUTE_MS, shortName } from './story';
import type { Story } from './story';
import { CAMPAIGNS, COMPANY, PRODUCTS } from './words';

/** Months, 0 is January, in which a campaign begins; their order is that of `CAMPAIGNS`. */
const CAMPAIGN_MONTHS = [2, 5, 8, 10];
const CATALOGUE_MONTH = 9;
/** Shares of all who are heard of, each month. */
const ANSWERS_NPS = 0.025;
const ANSWERS_CCI = 0.015;
/** Nobody is written to for ever who does not answer. */
export const LIST_CLEANED_MS = 300 * DAY_MS;

/** What the company sends everybody who wants it: the campaign of the season, a catalogue, a push before Christmas. */
export function campaigns(story: Story, startMs: number): void {
  const { seeded, person } = story;
  const day = new Date(startMs);
  const month = day.getUTCMonth();
  const campaign = CAMPAIGNS[CAMPAIGN_MONTHS.indexOf(month)];
  const atMs = startMs + 9 * HOUR_MS + seeded.below(60) * MINUTE_MS;
  if (campaign !== undefined) mailing(story, atMs, { campaign, year: day.getUTCFullYear() });
  const regular = person.habit.orders > 0.2;
  if (month === CATALOGUE_MONTH && regular) {
    const campaignId = `catalogue-${day.getUTCFullYear()}`;
    const content = 'The printed catalogue of the season.';
    marketing(story, atMs + 3 * DAY_MS, { channel: 'post', campaignId, content });
  }
  if (month === 11 && regular && seeded.chance(0.5)) {
    const push = { channel: 'push', campaignId: `last-parcels-${day.getUTCFullYear()}` };
    const content = 'Order by Thursday, and it is there before Christmas.';
    const sent = marketing(story, atMs + 14 * DAY_MS, { ...push, content });
    if (seeded.chance(0.3)) story.status(atMs + 14 * DAY_MS + HOUR_MS, sent, 'opened');
  }
}

/** Most are delivered, a third are opened, few are clicked; not every provider tells. */
function mailing(
  story: Story,
  atMs: number,
  { campaign, year }: { readonly campaign: string; readonly year: number },
): void {
  const { seeded } = story;
  const sent = marketing(story, atMs, {
    channel: 'email',
    campaignId: `${campaign}-${year}`,
    subject: `From the ${campaign.replace('-', ' ')} collection`,
    content: `New on our shelves: ${shortName(seeded.pick(PRODUCTS))}. ${COMPANY}`,
  });
  const fate = seeded.next();
  if (fate < 0.02) return story.status(atMs + MINUTE_MS, sent, 'bounced', 'mailbox-full');
  if (fate < 0.4) story.status(atMs + MINUTE_MS, sent, 'delivered');
  if (fate < 0.22) story.status(atMs + 2 * HOUR_MS, sent, 'opened');
  if (fate < 0.06) story.status(atMs + 2 * HOUR_MS + MINUTE_MS, sent, 'clicked');
}

/** To somebody who has not been heard of for months. */
export function winBack(story: Story, atMs: number, succeeds: boolean): void {
  const sent = marketing(story, atMs, {
    channel: 'email',
    campaignId: `win-back-${new Date(atMs).getUTCFullYear()}`,
    subject: 'We have missed you',
    content: `Ten pounds off whatever you like, until the end of the month. ${COMPANY}`,
  });
  if (!succeeds) return;
  story.status(atMs + HOUR_MS, sent, 'opened');
  story.status(atMs + HOUR_MS + MINUTE_MS, sent, 'clicked');
}

/** Every month a few are asked whether they would recommend the shop, and how their contacts went. */
export function panels(story: Story, startMs: number): void {
  const { seeded } = story;
  const atMs = startMs + 12 * DAY_MS + seeded.below(10 * 24) * HOUR_MS;
  if (seeded.chance(ANSWERS_NPS)) story.survey(atMs, 'nps', npsOf(atMs, seeded));
  if (seeded.chance(ANSWERS_CCI)) story.survey(atMs, 'cci', cciOf(atMs, seeded));
}

function marketing(story: Story, atMs: number, fields: Readonly<Record<string, string>>) {
  return story.touchpoint(atMs, 'mailing', { direction: 'outbound', purpose: 'marketing', ...fields });
}
