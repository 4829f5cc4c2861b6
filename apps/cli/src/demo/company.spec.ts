import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { checkLine } from '#libs/contracts';
import { CHANNELS, FEEDBACK_TYPES, INSTRUMENTS } from '#libs/events';
import { textOf } from '../api';
import { companyOf } from './company';
import { FROM_MS, TO_MS } from './person';

const CUSTOMERS = 120;
const YEAR_MS = 365 * 86_400_000;

function parsed(text: string): JsonObject {
  const line: unknown = JSON.parse(text);
  if (!isJsonObject(line)) throw new Error('a line is no object');
  return line;
}

function identifiersOf(customer: unknown): readonly unknown[] {
  const identifiers = isJsonObject(customer) ? customer['identifiers'] : undefined;
  return Array.isArray(identifiers) ? identifiers : [];
}

describe('the company of the demo', () => {
  const { lines, people } = companyOf(7, CUSTOMERS);
  const all = lines.map(parsed);
  const of = (command: string) => all.filter((line) => line['command'] === command);

  it('is the same for the same seed, and another for another', () => {
    expect(companyOf(7, CUSTOMERS).lines).toEqual(lines);
    expect(companyOf(8, CUSTOMERS).lines).not.toEqual(lines);
  });

  it('has a customer whose example does not depend on how many others there are', () => {
    expect(companyOf(7, 1).people).toEqual(people.slice(0, 1));
  });

  it('says nothing that the ledger would refuse', () => {
    const faults = all.map(checkLine).filter(({ ok }) => !ok);
    expect(faults).toEqual([]);
  });

  it('lies between its first and its last day', () => {
    const times = all.flatMap(({ occurredAt }) =>
      typeof occurredAt === 'string' ? [Date.parse(occurredAt)] : [],
    );
    expect(Math.min(...times)).toBeGreaterThanOrEqual(FROM_MS);
    expect(Math.max(...times)).toBeLessThan(TO_MS);
  });

  it('has every channel, every kind of thing and every survey', () => {
    expect(new Set(of('touchpoint').map(({ channel }) => channel))).toEqual(new Set(CHANNELS));
    expect(new Set(of('survey-answer').map(({ instrument }) => instrument))).toEqual(new Set(INSTRUMENTS));
    expect(new Set(of('feedback').map(({ type }) => type))).toEqual(new Set(FEEDBACK_TYPES));
    for (const command of ['customer', 'purchase', 'refund', 'touchpoint-status']) {
      expect(of(command).length).toBeGreaterThan(0);
    }
  });

  it('tells of nobody and of nothing before it was there', () => {
    const known = new Set<string>();
    const early: JsonObject[] = [];
    for (const line of all) {
      const { identifiers, customer, source, touchpoint } = line;
      const named = [...identifiersOf(customer), ...(isJsonObject(touchpoint) ? [touchpoint['source']] : [])];
      if (!named.every((one) => known.has(JSON.stringify(one)))) early.push(line);
      for (const one of Array.isArray(identifiers) ? identifiers : []) known.add(JSON.stringify(one));
      if (source !== undefined) known.add(JSON.stringify(source));
    }
    expect(early).toEqual([]);
  });

  it('gives each message an id of its own', () => {
    const ids = all.flatMap(({ source }) => (isJsonObject(source) ? [JSON.stringify(source)] : []));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('three years of the demo', () => {
  const { lines, people } = companyOf(7, 600);
  const all = lines.map(parsed);
  const at = ({ occurredAt }: JsonObject): number => Date.parse(textOf(occurredAt ?? ''));
  const purchases = all.filter(({ command }) => command === 'purchase');
  const byCustomer = groupedBy(purchases);

  it('buy most before Christmas and little in summer', () => {
    const months = Array.from({ length: 12 }, () => 0);
    for (const purchase of purchases) {
      const month = new Date(at(purchase)).getUTCMonth();
      months[month] = (months[month] ?? 0) + 1;
    }
    const [, , , , , june = 0, , august = 0, september = 0] = months;
    expect(months.indexOf(Math.max(...months))).toBe(11);
    expect(august).toBeLessThan(Math.min(june, september));
  });

  it('have those who buy once, those who buy again and again, and those who never do', () => {
    const counts = [...byCustomer.values()].map(({ length }) => length);
    const share = (of: (count: number) => boolean): number => counts.filter(of).length / people.length;
    expect(share((count) => count === 1)).toBeGreaterThan(0.25);
    expect(share((count) => count >= 3)).toBeGreaterThan(0.2);
    expect(share((count) => count >= 10)).toBeGreaterThan(0.03);
    expect(counts.length).toBeLessThan(people.length);
  });

  it('lose customers, and win a few back', () => {
    const gaps = [...byCustomer.values()].map((bought) => bought.map(at).toSorted((a, b) => a - b));
    const lost = gaps.filter((times) => TO_MS - (times.at(-1) ?? TO_MS) > YEAR_MS);
    expect(lost.length / gaps.length).toBeGreaterThan(0.2);
    expect(people.filter(({ backMs }) => backMs !== undefined).length).toBeGreaterThan(people.length / 50);
    const campaigns = all.filter(({ campaignId }) => textOf(campaignId ?? '').startsWith('win-back-'));
    expect(campaigns.length).toBeGreaterThan(0);
  });

  it('answer complaints faster and faster, and satisfy more and more', () => {
    const [first, last] = [
      [FROM_MS, FROM_MS + YEAR_MS],
      [TO_MS - YEAR_MS, TO_MS],
    ] as const;
    expect(medianHours(waits(all, last))).toBeLessThan(medianHours(waits(all, first)) / 2);
    expect(contentShare(all, last)).toBeGreaterThan(contentShare(all, first) + 0.08);
  });

  it('know one currency only', () => {
    const currencies = purchases.map(({ total }) => isJsonObject(total) && total['currency']);
    expect(new Set(currencies)).toEqual(new Set(['GBP']));
  });
});

function groupedBy(lines: readonly JsonObject[]): ReadonlyMap<string, readonly JsonObject[]> {
  const groups = new Map<string, JsonObject[]>();
  for (const line of lines) {
    const customer = JSON.stringify(line['customer']);
    const group = groups.get(customer);
    if (group === undefined) groups.set(customer, [line]);
    else group.push(line);
  }
  return groups;
}

type Range = readonly [fromMs: number, toMs: number];

function isIn({ occurredAt }: JsonObject, [fromMs, toMs]: Range): boolean {
  const atMs = Date.parse(textOf(occurredAt ?? ''));
  return atMs >= fromMs && atMs < toMs;
}

/** Hours from each complaint to the first word about an order that went out to its customer. */
function waits(all: readonly JsonObject[], range: Range): number[] {
  return all
    .filter((line) => line['type'] === 'complaint' && isIn(line, range))
    .flatMap((complaint) => {
      const answer = all.find(
        (line) =>
          textOf(line['subject'] ?? '').startsWith('About your order') &&
          line['direction'] === 'outbound' &&
          textOf(line['occurredAt'] ?? '') >= textOf(complaint['occurredAt']) &&
          JSON.stringify(line['customer']) === JSON.stringify(complaint['customer']),
      );
      if (answer === undefined) return [];
      return [
        (Date.parse(textOf(answer['occurredAt'])) - Date.parse(textOf(complaint['occurredAt']))) / 3_600_000,
      ];
    });
}

function medianHours(hours: readonly number[]): number {
  return hours.toSorted((a, b) => a - b)[Math.floor(hours.length / 2)] ?? NaN;
}

/** Share of CSAT answers that are a 4 or a 5. */
function contentShare(all: readonly JsonObject[], range: Range): number {
  const answers = all.filter((line) => line['instrument'] === 'csat' && isIn(line, range));
  return answers.filter(({ score }) => Number(score) >= 4).length / answers.length;
}
