import { customerStream, isJsonObject } from '#libs/core';
import type { Json, StoredRecord } from '#libs/core';
import {
  buy,
  byEmail,
  correct,
  register,
  say,
  seededNumbers,
  seededRandom,
  shuffled,
  TestLedger,
} from '#libs/testing';
import { parseEnvelope } from '#libs/trust';
import { NAMED_CAUSES } from './answer-changes';
import type { AsOfState, Moment, TimeAxis } from './as-of';
import { AsOfTest, eur, input } from './as-of.fixture';
import type { Story } from './as-of.fixture';
import type { CommandInput } from './outcome';

let ledger: TestLedger;
let test: AsOfTest;
let story: Story;

beforeAll(async () => {
  ledger = await TestLedger.open();
  test = new AsOfTest(ledger, seededRandom('as of'));
  story = await test.story();
});
afterAll(() => ledger.dispose());

const recordedAt = (record: StoredRecord | undefined): string => parseEnvelope(record?.env ?? '').at;
const justBefore = (instant: string): string => new Date(Date.parse(instant) - 1).toISOString();

/** What a diff compares: the answer without what is the same at any moment, and without evidence. */
function comparable({ model, profile, loyalty, segments }: AsOfState): Json {
  return without({ model, profile, loyalty, segments }, ['from']);
}

function without(value: Json | undefined, names: readonly string[]): Json {
  if (Array.isArray(value)) return value.map((item: Json) => without(item, names));
  if (!isJsonObject(value)) return value ?? null;
  const kept = Object.entries(value).filter(
    ([name, member]) => !names.includes(name) && member !== undefined,
  );
  return Object.fromEntries(kept.map(([name, member]) => [name, without(member, names)]));
}

/** What does not depend on which events said it. */
function withoutIds(value: Json | undefined): Json {
  return without(value, ['customerId', 'identifiers', 'because', 'from', 'revision']);
}

function sumOf(counts: Json | undefined): number {
  if (isJsonObject(counts))
    return Object.values(counts).reduce((sum: number, count) => sum + sumOf(count), 0);
  return typeof counts === 'number' ? counts : 0;
}

function stepsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(value: Json | undefined, pointer: string): Json | undefined {
  return stepsOf(pointer).reduce<Json | undefined>(
    (part, step) => (Array.isArray(part) ? part[Number(step)] : isJsonObject(part) ? part[step] : undefined),
    value,
  );
}

/** A copy with another value at a place; without any where it is `undefined`. */
function put(
  value: Json | undefined,
  [step, ...rest]: readonly string[],
  now: Json | undefined,
): Json | undefined {
  if (step === undefined) return now;
  if (Array.isArray(value)) return value.with(Number(step), put(value[Number(step)], rest, now));
  const { [step]: before, ...others } = isJsonObject(value) ? value : {};
  const next = put(before, rest, now);
  return next === undefined ? others : { ...others, [step]: next };
}

/** One after the other: each points the readers of its store to its own group. */
async function servedByEach(modelIds: readonly (string | undefined)[]) {
  const served = [];
  for (const modelId of modelIds) served.push(await test.servedAt(story, modelId));
  return served;
}

describe('a state on the axis of recording', () => {
  it('is at every revision, text for text, what was served then with the same model', async () => {
    const { customerId, records, modelIds } = story;
    expect(records.length).toBeGreaterThanOrEqual(25);
    const everyModel = [undefined, ...modelIds];
    const served = await servedByEach(everyModel);
    for (const { rev } of records) {
      const own = await test.state(customerId, rev);
      const which = everyModel.indexOf(own.model ?? undefined);
      expect(own).toMatchObject({ customerId, at: rev, revision: rev });
      for (const [i, model] of everyModel.entries()) {
        const state = model === undefined ? undefined : await test.state(customerId, rev, { model });
        for (const found of [...(state === undefined ? [] : [state]), ...(i === which ? [own] : [])]) {
          const { profile, loyalty, segments } = found;
          expect(JSON.stringify({ profile, loyalty, segments })).toBe(JSON.stringify(served[i]?.[rev]));
        }
      }
    }
  });

  it('is the same where the stream is too long to be remembered', async () => {
    const { customerId, records } = story;
    for (const { rev: at } of records) {
      const read = await test.readsTwice.state(customerId, { at, axis: 'recorded' });
      expect(read).toEqual(await test.state(customerId, at));
    }
    const last = records.length - 1;
    expect(await test.readsTwice.diff(customerId, { from: 0, to: last })).toEqual(
      await test.diff(customerId, 0, last),
    );
  });

  it('is by the model that was active then', async () => {
    const { customerId, records, modelIds } = story;
    const used = await Promise.all(records.map(async ({ rev }) => (await test.state(customerId, rev)).model));
    expect([...new Set(used)]).toEqual([null, ...modelIds]);
    const [activated] = (await test.models.list()).flatMap(({ activatedAt }) => activatedAt);
    expect((await test.state(customerId, activated ?? '')).model).toBe(modelIds[0]);
    expect((await test.state(customerId, justBefore(activated ?? ''))).model).toBeNull();
  });

  it('is at an instant what it was at the last revision recorded by then', async () => {
    const { customerId, records } = story;
    for (const record of records) {
      const { rev } = record;
      const { at: _at, ...expected } = await test.state(customerId, rev);
      const { at: _instant, ...found } = await test.state(customerId, recordedAt(record));
      expect(found).toEqual(expected);
    }
    for (const record of records.slice(1)) {
      const { revision } = await test.state(customerId, justBefore(recordedAt(record)));
      expect(revision).toBe(record.rev - 1);
    }
  });

  it('is the latest one beyond the last revision', async () => {
    const { customerId, records } = story;
    const latest = await test.state(customerId, records.length - 1);
    expect(await test.state(customerId, 9_999)).toEqual({ ...latest, at: 9_999 });
  });

  it('is refused where there is none', async () => {
    const { customerId } = story;
    const ask = async (id: string, at: Moment, more: { axis?: TimeAxis; model?: string } = {}) => {
      const state = await test.asOf.state(id, { axis: 'recorded', at, ...more });
      return 'refused' in state ? state.refused.code : 'answered';
    };
    const nobody = '01930000-0000-7000-8000-00000000dead';
    expect(await ask(customerId, '2025-01-01T00:00:00.000Z')).toBe('customer-not-found');
    expect(await ask(nobody, 0)).toBe('customer-not-found');
    expect(await ask(nobody, '2027-01-01T00:00:00.000Z', { axis: 'occurred' })).toBe('customer-not-found');
    expect(await ask(customerId, 3, { model: nobody })).toBe('model-not-found');
    expect(await ask(customerId, 3, { axis: 'occurred' })).toBe('invalid-query');
  });
});

describe('a state on the axis of occurrence', () => {
  const DAY = '2026-06-01T';
  const at = (hour: number): string => `${DAY}${String(hour).padStart(2, '0')}:00:00.000Z`;

  it('is the same in whatever order events were recorded', async () => {
    const facts = Array.from({ length: 18 }, (_, i) => i);
    const random = seededNumbers(7);
    const answers: unknown[] = [];
    for (const name of ['p1', 'p2', 'p3']) {
      const customer = byEmail(`${name}@x.com`);
      let customerId = '';
      ledger.clock.set('2026-07-01T00:00:00.000Z');
      for (const i of shuffled(facts, random)) {
        const occurredAt = at(i);
        const commands: readonly CommandInput[] = [
          say(customer, { occurredAt, outcome: 'resolved' }),
          say(customer, { occurredAt, direction: 'outbound', channel: 'voice' }),
          buy(customer, { occurredAt, orderId: `o-${name}-${i}`, total: eur(`${i}.25`) }),
          input({ name: 'feedback', body: { customer, occurredAt, type: 'complaint', content: 'no' } }),
          input({
            name: 'survey-answer',
            body: { customer, occurredAt, instrument: 'ces', score: 1 + (i % 7) },
          }),
        ];
        ({ customerId } = await test.run(commands[i % commands.length] ?? say(customer)));
      }
      const states = await Promise.all(
        facts.map((hour) => test.state(customerId, at(hour), { axis: 'occurred', model: story.modelIds[0] })),
      );
      answers.push(states.map(withoutIds));
      const contacts = states.map(({ profile }) => sumOf(profile['counts']) / 2);
      expect(contacts).toEqual(facts.map((hour) => facts.filter((i) => i <= hour && i % 5 < 2).length));
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('has a touchpoint from when it happened as corrected, and a correction from when it was made', async () => {
    const customer = byEmail('moved@x.com');
    ledger.clock.set(at(10));
    const { eventId, customerId } = await test.run(say(customer, { occurredAt: at(6), channel: 'sms' }));
    const early = await test.run(say(customer, { occurredAt: at(7), channel: 'chat' }));
    ledger.clock.set(at(15));
    await test.run(correct(eventId, { occurredAt: at(3), channel: 'web' }));
    await test.run(correct(early.eventId, { occurredAt: at(20), channel: 'post' }));
    const seen = async (hour: number) => {
      const { profile } = await test.state(customerId, at(hour), { axis: 'occurred' });
      const { counts, firstSeenAt, lastContactAt } = profile;
      return { byChannel: isJsonObject(counts) ? counts['byChannel'] : counts, firstSeenAt, lastContactAt };
    };
    const refused = await test.asOf.state(customerId, { axis: 'occurred', at: at(2) });
    expect(refused).toMatchObject({ refused: { code: 'customer-not-found' } });
    expect(await seen(3)).toEqual({ byChannel: { sms: 1 }, firstSeenAt: at(3), lastContactAt: at(3) });
    // The correction of the second one is known from 16 on, but what it is about has not happened then.
    expect(await seen(17)).toEqual({ byChannel: { web: 1 }, firstSeenAt: at(3), lastContactAt: at(3) });
    expect(await seen(20)).toEqual({
      byChannel: { web: 1, post: 1 },
      firstSeenAt: at(3),
      lastContactAt: at(20),
    });
    expect((await test.state(customerId, at(3), { axis: 'occurred' })).revision).toBe(4);
  });

  it('ends in what is known now', async () => {
    const { customerId, records } = story;
    const latest = await test.state(customerId, records.length - 1);
    const occurred = await test.state(customerId, '2026-12-01T00:00:00.000Z', { axis: 'occurred' });
    expect(occurred.profile['counts']).toEqual(latest.profile['counts']);
    expect(occurred.profile['lastContactAt']).toBe(latest.profile['lastContactAt']);
    expect(occurred.profile['purchases']).toEqual(latest.profile['purchases']);
    expect(withoutIds(occurred.loyalty)).toEqual(withoutIds(latest.loyalty));
  });
});

describe('a diff', () => {
  /** What another model may change, which is told apart below. */
  const BY_MODEL = /^\/(model|segments|profile\/segments)/;

  it('turns one state into the other, and names the events that changed each value', async () => {
    const { customerId, records } = story;
    const states = await Promise.all(records.map(({ rev }) => test.state(customerId, rev)));
    const wholes = states.map(comparable);
    for (let from = 0; from < records.length; from += 4) {
      for (let to = from; to < records.length; to += 3) {
        const { changes, fromRevision, toRevision } = await test.diff(customerId, from, to);
        expect([fromRevision, toRevision]).toEqual([from, to]);
        const turned = changes.reduce<Json | undefined>(
          (whole, { pointer, now }) => put(whole, stepsOf(pointer), now),
          wholes[from],
        );
        expect(turned).toEqual(wholes[to]);
        for (const { pointer, was, now, because } of changes) {
          expect(valueAt(wholes[from], pointer)).toEqual(was);
          expect(valueAt(wholes[to], pointer)).toEqual(now);
          if (states[from]?.model !== states[to]?.model && BY_MODEL.test(pointer)) continue;
          const causes = records.filter(({ rev }) => {
            const [before, after] = [valueAt(wholes[rev - 1], pointer), valueAt(wholes[rev], pointer)];
            return rev > from && rev <= to && JSON.stringify(before) !== JSON.stringify(after);
          });
          expect(because).toEqual(causes.map(({ id }) => id));
        }
      }
    }
  });

  it('says that another model came, which no event of the customer did', async () => {
    const { customerId, records, modelIds } = story;
    const states = await Promise.all(records.map(({ rev }) => test.state(customerId, rev)));
    const first = states.findIndex(({ model }) => model === modelIds[1]);
    const { changes } = await test.diff(customerId, first - 1, first);
    expect(changes).toContainEqual({ pointer: '/model', was: modelIds[0], now: modelIds[1], because: [] });
    const segments = changes.filter(({ pointer }) => pointer.startsWith('/segments/'));
    expect(segments.length).toBeGreaterThan(0);
    for (const { because } of segments) expect(because).toEqual([]);
  });

  it('begins with nothing where the customer was not known yet', async () => {
    const { customerId, records } = story;
    const diff = await test.diff(customerId, '2020-01-01T00:00:00.000Z', recordedAt(records[1]));
    expect(diff).toMatchObject({ from: '2020-01-01T00:00:00.000Z', fromRevision: -1, toRevision: 1 });
    expect(diff.changes).toContainEqual({ pointer: '/profile/name', now: 'Ada', because: [records[0]?.id] });
    expect(diff.changes).toContainEqual({
      pointer: '/profile/counts',
      now: { byChannel: { email: 1 }, byDirection: { inbound: 1 } },
      because: [records[0]?.id, records[1]?.id],
    });
  });

  it('is refused where there is nothing to compare', async () => {
    const ask = async (from: Moment, to: Moment) => {
      const diff = await test.asOf.diff(story.customerId, { from, to });
      return 'refused' in diff ? diff.refused.code : 'answered';
    };
    expect(await ask(3, 2)).toBe('invalid-query');
    expect(await ask(3, '2026-12-01T00:00:00.000Z')).toBe('invalid-query');
    expect(await ask('2026-12-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z')).toBe('invalid-query');
    expect(await ask('2019-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z')).toBe('customer-not-found');
  });
});

describe('a stream of several pages', () => {
  const EVENTS = 600;
  const FIRST_MS = Date.parse('2026-08-01T00:00:00.000Z');
  const instantAt = (minute: number): string => new Date(FIRST_MS + minute * 60_000).toISOString();
  let customerId: string;
  let ids: readonly string[];

  beforeAll(async () => {
    const customer = byEmail('busy@x.com');
    ledger.clock.set('2026-09-01T00:00:00.000Z');
    ({ customerId } = await test.run(register(['busy@x.com'])));
    const minutes = shuffled(
      Array.from({ length: EVENTS }, (_, i) => i),
      seededNumbers(11),
    );
    await Promise.all(minutes.map((minute) => test.run(say(customer, { occurredAt: instantAt(minute) }))));
    const records = await ledger.log.readStream(customerStream(customerId), 1, EVENTS);
    ids = records.map(({ id }) => id);
  });

  it('is folded to the event, on both axes', async () => {
    for (const n of [1, 249, 250, 251, 500, EVENTS]) {
      const recorded = await test.state(customerId, n);
      expect(sumOf(recorded.profile['counts'])).toBe(2 * n);
      const occurred = await test.state(customerId, instantAt(n - 1), { axis: 'occurred' });
      expect(sumOf(occurred.profile['counts'])).toBe(2 * n);
      expect(occurred.profile).toMatchObject({ firstSeenAt: instantAt(0), lastContactAt: instantAt(n - 1) });
    }
  });

  it('names the latest hundred events of a change, and says how many there are', async () => {
    const { changes } = await test.diff(customerId, 0, 9_999);
    expect(changes).toContainEqual({
      pointer: '/profile/counts/byChannel/email',
      now: EVENTS,
      because: ids.slice(-NAMED_CAUSES),
      becauseCount: EVENTS,
    });
  });
});
