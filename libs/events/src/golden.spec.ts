import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '#libs/core';
import { definitionOf, EVENT_TYPES, isEventType, parseEvent } from './catalogue';
import { CLASS_OF_PURPOSE, CLASSES, EventFormatError, PURPOSES } from './define-event';

const folder = join(__dirname, '../golden');
const files = readdirSync(folder).toSorted();
const golden = files.map(
  (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as { type: string; data: object },
);

/**
 * Privacy of each field, `?` where it is optional. Written down a second time on purpose: what is clear in a released
 * event stays in every copy of the log for ever, so a change of class must be meant.
 */
const sourced = { sourceSystem: 'clear?', sourceId: 'by-purpose?', sourcePart: 'by-purpose?' };
const said = {
  subject: 'by-purpose?',
  content: 'by-purpose?',
  outcomeText: 'by-purpose?',
  threadId: 'by-purpose?',
  attributes: 'by-purpose?',
};
const PRIVACY: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'customer-registered.v1': {
    name: 'identity?',
    identifiers: 'identity',
    attributes: 'by-purpose?',
    ...sourced,
  },
  'customer-profile-changed.v1': { name: 'identity?', attributes: 'by-purpose?', reason: 'by-purpose?' },
  'identifier-linked.v1': { identifiers: 'identity' },
  'identifier-unlinked.v1': { identifiers: 'identity' },
  'touchpoint-recorded.v1': {
    channel: 'clear',
    direction: 'clear',
    kind: 'clear',
    occurredAt: 'clear?',
    agent: 'clear?',
    department: 'clear?',
    durationSeconds: 'clear?',
    outcome: 'clear?',
    campaignId: 'clear?',
    interactionId: 'clear?',
    ...said,
    ...sourced,
  },
  'touchpoint-status-reported.v1': {
    touchpointId: 'clear',
    status: 'clear',
    code: 'clear?',
    occurredAt: 'clear?',
    detail: 'by-purpose?',
  },
  'touchpoint-corrected.v1': {
    touchpointId: 'clear',
    was: 'clear',
    now: 'clear',
    ...said,
    reason: 'by-purpose',
  },
  'touchpoint-annotated.v1': { touchpointId: 'clear', text: 'by-purpose' },
  'touchpoint-redacted.v1': { touchpointId: 'clear', was: 'clear', reason: 'by-purpose' },
  'purchase-recorded.v1': {
    occurredAt: 'clear?',
    channel: 'clear?',
    orderId: 'by-purpose',
    total: 'by-purpose',
    items: 'by-purpose?',
    ...sourced,
  },
  'purchase-refunded.v1': {
    occurredAt: 'clear?',
    orderId: 'by-purpose',
    amount: 'by-purpose',
    reason: 'by-purpose?',
    ...sourced,
  },
  'survey-answered.v1': {
    instrument: 'clear',
    score: 'clear',
    occurredAt: 'clear?',
    touchpointId: 'clear?',
    comment: 'by-purpose?',
    ...sourced,
  },
  'feedback-received.v1': {
    type: 'clear',
    occurredAt: 'clear?',
    channel: 'clear?',
    rating: 'clear?',
    content: 'by-purpose',
    ...sourced,
  },
  'segment-model-fitted.v1': {
    modelId: 'clear',
    kind: 'clear',
    asOf: 'clear',
    currency: 'clear',
    edges: 'clear',
    table: 'clear',
    through: 'clear',
    population: 'clear',
  },
  'segment-activated.v1': { modelId: 'clear' },
};

/** The fields of an event that are about an earlier one, and how. */
const ABOUT: Readonly<Record<string, string>> = {
  'touchpoint-status-reported.v1': 'mention touchpointId',
  'touchpoint-corrected.v1': 'state touchpointId',
  'touchpoint-annotated.v1': 'mention touchpointId',
  'touchpoint-redacted.v1': 'redaction touchpointId',
};

it('has one golden payload for each type of the catalogue, named after it', () => {
  expect(files).toEqual(EVENT_TYPES.map((type) => `${type}.json`).toSorted());
  expect(golden.map(({ type }) => `${type}.json`)).toEqual(files);
});

describe.each(golden)('$type', ({ type, data }) => {
  const definition = definitionOf(type);
  const { fields, about } = definition;
  const parse = (value: unknown): unknown => definition.parse(value);
  const parseSeen = (value: unknown): unknown => definition.parseSeen(value);
  const declared: Readonly<Record<string, { readonly privacy: string; readonly optional: boolean }>> = fields;
  const entries = Object.entries(declared);

  it('is read and written as it is, for ever', () => {
    expect(parseEvent(type, data)).toEqual({ type, data });
    expect(parse(data)).toEqual({ type, data });
  });

  it('has an example of every field', () => {
    expect(Object.keys(data).toSorted()).toEqual(Object.keys(declared).toSorted());
  });

  it('declares each field as clear or as sealed as it always was', () => {
    const now = entries.map(([name, { privacy, optional }]) => [name, `${privacy}${optional ? '?' : ''}`]);
    expect(Object.fromEntries(now)).toEqual(PRIVACY[type]);
    expect(about === undefined ? undefined : `${about.role} ${about.field}`).toBe(ABOUT[type]);
  });

  it('needs what is required, and of what is read only what is clear', () => {
    for (const [name, { privacy, optional }] of entries) {
      const less = Object.fromEntries(Object.entries(data).filter(([other]) => other !== name));
      const written = (): unknown => parse(less);
      const read = (): unknown => parseSeen(less);
      expect([name, refuses(written)]).toEqual([name, !optional]);
      expect([name, refuses(read)]).toEqual([name, !optional && privacy === 'clear']);
    }
  });

  it('takes no field that is not declared, and no value of another kind', () => {
    expect(() => parse({ ...data, extra: 'x' })).toThrow(`${type}: undeclared field extra`);
    expect(() => parseSeen({ ...data, extra: 'x' })).toThrow(EventFormatError);
    for (const [name] of entries) {
      for (const wrong of [null, Number.NaN, -1, {}, [{}], 'a\ud800', Symbol('x')]) {
        if (isFree(name) && isJsonObject(wrong)) continue;
        expect(() => parseSeen({ ...data, [name]: wrong })).toThrow(`${type}: malformed field ${name}`);
      }
    }
    for (const none of [null, undefined, 'text', [data], 7])
      expect(() => parse(none)).toThrow('not an object');
  });
});

/** Any JSON object is an attribute. */
const isFree = (name: string): boolean => name === 'attributes';

function refuses(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (error instanceof EventFormatError) return true;
    throw error;
  }
}

it('refuses types that it does not know, those of Object among them', () => {
  for (const type of [
    'touchpoint-recorded.v2',
    'touchpoint-recorded',
    '',
    'constructor',
    '__proto__',
    'toString',
  ]) {
    expect(isEventType(type)).toBe(false);
    expect(() => parseEvent(type, {})).toThrow(EventFormatError);
  }
});

it('seals each purpose in the class that it always had', () => {
  expect(CLASS_OF_PURPOSE).toEqual({ service: 'service', marketing: 'marketing', regulated: 'regulated' });
  expect(CLASSES).toEqual(['identity', 'service', 'marketing', 'regulated']);
  expect(PURPOSES).toEqual(['service', 'marketing', 'regulated']);
});

it('names the fault and the field, never the value', () => {
  const data = { channel: 'secret words', direction: 'inbound', kind: 'message' };
  expect(() => parseEvent('touchpoint-recorded.v1', data)).toThrow(/^(?!.*secret).*malformed field channel$/);
});
