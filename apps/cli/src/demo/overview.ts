import { isJsonObject } from '#libs/core';
import type { Json, JsonObject } from '#libs/core';
import { callObject, textOf } from '../api';
import { grouped } from '../import/progress';
import type { Connection } from '../verb';
import { FROM_MS, instant } from './person';

const YEARS = 3;
const INSTRUMENTS = ['csat', 'ces', 'nps', 'cci'];
const COLUMN = 8;

/** What the ledger itself says about the company, asked over its API: contacts, segments, satisfaction. */
export async function overviewText(connection: Connection): Promise<string> {
  const contacts = await callObject(connection, 'GET', '/v1/metrics/contacts?by=channel');
  const segments = await callObject(connection, 'GET', '/v1/segments');
  const years: string[] = [];
  for (let year = 0; year < YEARS; year++) years.push(await yearText(connection, year));
  const channels = itemsOf(contacts['rows']).map(({ channel, count }) => [channel, count] as const);
  const sizes = itemsOf(segments['items']).map(({ name, size }) => [name, size] as const);
  const head = ['from', ...INSTRUMENTS.map((name) => name.toUpperCase()), 'answers'];
  return `Contacts by channel:
${listText(channels)}

Segments, by an RFM model fitted and activated just now:
${listText(sizes)}

Satisfaction, year by year, while complaints were answered ever faster:
${rowText(head)}${years.join('')}`;
}

/** One line about a customer. */
export async function customerText(connection: Connection, customerId: string): Promise<string> {
  const profile = await callObject(connection, 'GET', `/v1/customers/${customerId}`);
  const { loyalty, segments } = profile;
  const { score, tier } = isJsonObject(loyalty) ? loyalty : {};
  const [segment] = itemsOf(segments);
  const place = segment === undefined ? 'no segment' : `segment ${textOf(segment['segmentId'])}`;
  return `loyalty ${textOf(score)} of 100 (${textOf(tier)}), ${place}`;
}

async function yearText(connection: Connection, year: number): Promise<string> {
  const [from, to] = [yearStart(year), yearStart(year + 1)];
  const answer = await callObject(connection, 'GET', `/v1/metrics/satisfaction?from=${from}&to=${to}`);
  const scores = INSTRUMENTS.map((name) => answer[name]).filter((score) => isJsonObject(score));
  const answers = scores.reduce((sum, score) => sum + Number(score['answers']), 0);
  return rowText([from, ...scores.map(({ score }) => scoreText(score)), grouped(answers)]);
}

/** UTC day on which that year of the demo begins. */
function yearStart(year: number): string {
  const day = new Date(FROM_MS);
  day.setUTCFullYear(day.getUTCFullYear() + year);
  return instant(day.getTime()).slice(0, 'YYYY-MM-DD'.length);
}

function scoreText(score: Json | undefined): string {
  return typeof score === 'number' ? score.toFixed(1) : '–';
}

function rowText([first = '', ...cells]: readonly string[]): string {
  return `  ${first.padEnd('YYYY-MM-DD'.length)}${cells.map((cell) => cell.padStart(COLUMN)).join('')}\n`;
}

/** The largest first, some on a line. */
function listText(counts: readonly (readonly [name: Json | undefined, count: Json | undefined])[]): string {
  const A_LINE = 5;
  const texts = counts
    .toSorted(([, a], [, b]) => Number(b) - Number(a))
    .map(([name, count]) => `${textOf(name)} ${grouped(Number(count))}`);
  const lines: string[] = [];
  for (let i = 0; i < texts.length; i += A_LINE) lines.push(`  ${texts.slice(i, i + A_LINE).join(' · ')}`);
  return lines.length === 0 ? '  none' : lines.join('\n');
}

function itemsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item) => isJsonObject(item)) : [];
}
