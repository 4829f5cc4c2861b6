import type { LedgerEvent } from '#libs/events';
import { given, idAt, recordedAt } from '#libs/testing';
import type { LedgerCommand } from './ledger-command';

const CUSTOMER = { identifiers: [{ type: 'email', value: 'a@x.com' }] };
const REGISTERED: LedgerEvent = { type: 'customer-registered.v1', data: CUSTOMER };
const FACTS = { channel: 'email', direction: 'inbound', kind: 'message' } as const;
const RECORDED: LedgerEvent = { type: 'touchpoint-recorded.v1', data: { ...FACTS, subject: 'Hello' } };
/** Where it happened at a time of its own. */
const WAS = { ...FACTS, occurredAt: recordedAt(1) };
const touchpointId = idAt(1);
const REDACTED: LedgerEvent = {
  type: 'touchpoint-redacted.v1',
  data: { touchpointId, was: WAS, reason: 'asked' },
};

const about = (eventId: string) =>
  ({
    status: { name: 'touchpoint-status', body: { eventId, status: 'opened' } },
    correction: {
      name: 'touchpoint-correction',
      body: { eventId, fields: { agent: 'ann' }, reason: 'wrong' },
    },
    redaction: { name: 'touchpoint-redaction', body: { eventId, reason: 'asked' } },
    annotation: { name: 'touchpoint-annotation', body: { eventId, text: 'note' } },
  }) satisfies Record<string, LedgerCommand>;
const { status, correction, redaction, annotation } = about(touchpointId);

const record = (body: object): LedgerCommand => ({
  name: 'touchpoint',
  body: { customer: CUSTOMER, channel: 'email', direction: 'inbound', ...body },
});

describe('recording', () => {
  it('keeps what was said and where it came from; a message unless it says otherwise', () => {
    const said = { subject: 's', content: 'c', outcomeText: 'o', threadId: 't', attributes: { n: 1 } };
    const codes = {
      agent: 'ann',
      department: 'sales',
      outcome: 'won',
      campaignId: 'spring',
      interactionId: 'i-1',
    };
    const time = { durationSeconds: 75, occurredAt: '2026-01-01T00:00:00.000Z' };
    const source = { system: 'mail', id: 'm1', part: 'p' };
    expect(
      given(REGISTERED).when(record({ ...said, ...codes, ...time, source, purpose: 'marketing' })),
    ).toEqual([
      {
        type: 'touchpoint-recorded.v1',
        data: { ...FACTS, ...said, ...codes, ...time, sourceSystem: 'mail', sourceId: 'm1', sourcePart: 'p' },
      },
    ]);
    expect(given(REGISTERED).when(record({ kind: 'call', source: { system: 'pbx', id: '7' } }))).toEqual([
      {
        type: 'touchpoint-recorded.v1',
        data: { ...FACTS, kind: 'call', sourceSystem: 'pbx', sourceId: '7' },
      },
    ]);
  });

  it('leaves what is undefined out', () => {
    const command = record({ subject: undefined, occurredAt: undefined, source: undefined });
    expect(given(REGISTERED).when(command)).toEqual([{ type: 'touchpoint-recorded.v1', data: FACTS }]);
  });

  it('takes a time up to 24 hours ahead', () => {
    const at = (occurredAt: string): unknown =>
      given(REGISTERED).when(record({ occurredAt }), '2026-02-01T00:00:00.000Z');
    const occurredAt = '2026-02-02T00:00:00.000Z';
    expect(at(occurredAt)).toEqual([{ type: 'touchpoint-recorded.v1', data: { ...FACTS, occurredAt } }]);
    expect(at('2026-02-02T00:00:00.001Z')).toBe('occurred-in-future');
  });
});

describe('a touchpoint that is not there', () => {
  it.each(Object.entries(about(idAt(7))))('refuses a %s', (_name, command) => {
    expect(given(REGISTERED, RECORDED).when(command)).toBe('touchpoint-not-found');
  });

  it.each(Object.entries(about(idAt(0))))('is what is no touchpoint, for a %s', (_name, command) => {
    expect(given(REGISTERED, RECORDED).when(command)).toBe('touchpoint-not-found');
  });
});

describe('a status', () => {
  it('is reported, with code, detail and time', () => {
    const body = {
      eventId: touchpointId,
      status: 'bounced',
      code: '550',
      detail: 'x',
      occurredAt: recordedAt(1),
    };
    const { eventId: _eventId, ...data } = body;
    expect(given(REGISTERED, RECORDED).when({ name: 'touchpoint-status', body })).toEqual([
      { type: 'touchpoint-status-reported.v1', data: { touchpointId, ...data } },
    ]);
  });

  it('may come after a redaction, not from the future', () => {
    const reported: LedgerEvent = {
      type: 'touchpoint-status-reported.v1',
      data: { touchpointId, status: 'opened' },
    };
    expect(given(REGISTERED, RECORDED, REDACTED).when(status)).toEqual([reported]);
    const body = { ...status.body, occurredAt: '2027-01-01T00:00:00.000Z' };
    expect(given(REGISTERED, RECORDED).when({ name: 'touchpoint-status', body })).toBe('occurred-in-future');
  });
});

describe('a correction', () => {
  const now = { ...WAS, agent: 'ann' };

  it('holds both states of the clear fields, the effective time in them, and only the new sealed ones', () => {
    const fields = { agent: 'ann', content: 'new' };
    expect(
      given(REGISTERED, RECORDED).when({
        name: 'touchpoint-correction',
        body: { eventId: touchpointId, fields, reason: 'wrong' },
      }),
    ).toEqual([
      {
        type: 'touchpoint-corrected.v1',
        data: { touchpointId, was: WAS, now, content: 'new', reason: 'wrong' },
      },
    ]);
  });

  it('begins where the one before ended', () => {
    const first: LedgerEvent = {
      type: 'touchpoint-corrected.v1',
      data: { touchpointId, was: WAS, now, reason: 'r' },
    };
    const fields = { channel: 'voice', occurredAt: '2026-01-01T00:00:00.000Z' } as const;
    expect(
      given(REGISTERED, RECORDED, first).when({
        name: 'touchpoint-correction',
        body: { eventId: touchpointId, fields, reason: 'again' },
      }),
    ).toEqual([
      {
        type: 'touchpoint-corrected.v1',
        data: { touchpointId, was: now, now: { ...now, ...fields }, reason: 'again' },
      },
    ]);
  });

  it.each([
    ['nothing-to-change', {}],
    ['nothing-to-change', { agent: undefined }],
    ['occurred-in-future', { occurredAt: '2027-01-01T00:00:00.000Z' }],
  ])('is refused: %s', (code, fields) => {
    const body = { eventId: touchpointId, fields, reason: 'wrong' };
    expect(given(REGISTERED, RECORDED).when({ name: 'touchpoint-correction', body })).toBe(code);
  });
});

describe('a redaction', () => {
  it('holds the clear fields as they stood, after a correction too', () => {
    expect(given(REGISTERED, RECORDED).when(redaction)).toEqual([
      { type: 'touchpoint-redacted.v1', data: { touchpointId, was: WAS, reason: 'asked' } },
    ]);
    const now = { ...WAS, agent: 'ann' };
    const corrected: LedgerEvent = {
      type: 'touchpoint-corrected.v1',
      data: { touchpointId, was: WAS, now, reason: 'r' },
    };
    expect(given(REGISTERED, RECORDED, corrected).when(redaction)).toEqual([
      { type: 'touchpoint-redacted.v1', data: { touchpointId, was: now, reason: 'asked' } },
    ]);
  });

  it.each(Object.entries({ correction, redaction, annotation }))('lets no %s follow', (_name, command) => {
    expect(given(REGISTERED, RECORDED, REDACTED).when(command)).toBe('touchpoint-redacted');
  });

  it('concerns its own touchpoint only', () => {
    expect(
      given(REGISTERED, RECORDED, REDACTED, RECORDED).when({
        name: 'touchpoint-annotation',
        body: { eventId: idAt(3), text: 'note' },
      }),
    ).toEqual([{ type: 'touchpoint-annotated.v1', data: { touchpointId: idAt(3), text: 'note' } }]);
  });
});

it('is annotated', () => {
  expect(given(REGISTERED, RECORDED).when(annotation)).toEqual([
    { type: 'touchpoint-annotated.v1', data: { touchpointId, text: 'note' } },
  ]);
});
