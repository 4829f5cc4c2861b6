import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { checkLine } from '#libs/contracts';
import { companyOf } from './company';
import { FROM_MS, TO_MS } from './person';

const CUSTOMERS = 120;

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

  it('has every channel and every kind of thing', () => {
    const channels = new Set(of('touchpoint').map(({ channel }) => channel));
    expect(channels.size).toBe(11);
    for (const command of [
      'customer',
      'purchase',
      'refund',
      'survey-answer',
      'feedback',
      'touchpoint-status',
    ]) {
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

  it('buys most before Christmas', () => {
    const { lines: more } = companyOf(7, 600);
    const months = Array.from({ length: 12 }, () => 0);
    for (const line of more.map(parsed)) {
      if (line['command'] !== 'purchase' || typeof line['occurredAt'] !== 'string') continue;
      const month = new Date(line['occurredAt']).getUTCMonth();
      months[month] = (months[month] ?? 0) + 1;
    }
    expect(months.indexOf(Math.max(...months))).toBe(11);
  });
});
