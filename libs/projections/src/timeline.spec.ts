import type { LedgerEvent } from '#libs/events';
import { folded, idAt, recorded, recordedAt } from '#libs/testing';
import { MAX_SAID, MAX_SAID_CHARACTERS, timeline } from './timeline';

const FACTS = { channel: 'email', direction: 'inbound', kind: 'message' } as const;
const SAID: LedgerEvent = {
  type: 'touchpoint-recorded.v1',
  data: { ...FACTS, subject: 'Hello', content: 'one two', sourceSystem: 'mail', sourceId: 'm1' },
};
const was = { ...FACTS, occurredAt: recordedAt(0) };
const touchpointId = idAt(0);
const reported = (status: string, occurredAt?: string): LedgerEvent => {
  return {
    type: 'touchpoint-status-reported.v1',
    data: { touchpointId, status, ...(occurredAt === undefined ? {} : { occurredAt }) },
  };
};
const redacted: LedgerEvent = {
  type: 'touchpoint-redacted.v1',
  data: { touchpointId, was, reason: 'asked for' },
};
const annotated: LedgerEvent = { type: 'touchpoint-annotated.v1', data: { touchpointId, text: 'a note' } };
const entryOf = (...events: readonly LedgerEvent[]) =>
  folded(timeline, recorded([SAID, ...events]))[touchpointId];

describe('what is said about a touchpoint', () => {
  const note = (text: string): LedgerEvent => {
    return { type: 'touchpoint-annotated.v1', data: { touchpointId, text } };
  };

  it('stands in its entry to a bounded number, the latest; the others are counted', () => {
    const notes = Array.from({ length: MAX_SAID + 5 }, (_, i) => note(`note ${i}`));
    const entry = entryOf(...notes);
    expect(entry).toMatchObject({ earlierAnnotations: 5 });
    expect(entry?.['annotations']).toHaveLength(MAX_SAID);
    expect(entry?.['annotations']).toMatchObject({ 0: { text: 'note 5' }, 99: { text: 'note 104' } });
  });

  it('stands there to a bounded length, and the last one whatever its length', () => {
    const long = 'x'.repeat(MAX_SAID_CHARACTERS - 1);
    const after = (...texts: readonly string[]): unknown => {
      const entry = entryOf(...texts.map(note));
      return [entry?.['annotations'], entry?.['earlierAnnotations']];
    };
    expect(after(long, 'y')).toMatchObject([[{ text: long }, { text: 'y' }], undefined]);
    expect(after(long, 'yz')).toMatchObject([[{ text: 'yz' }], 1]);
    expect(after('a', `${long}more`)).toMatchObject([[{ text: `${long}more` }], 1]);
    expect(after(long, 'yz', 'end')).toMatchObject([[{ text: 'yz' }, { text: 'end' }], 1]);
  });
});

describe('an entry', () => {
  it('holds what was said, when, and the words that it is found by', () => {
    expect(entryOf()).toEqual({
      ...FACTS,
      subject: 'Hello',
      content: 'one two',
      sourceSystem: 'mail',
      sourceId: 'm1',
      eventId: touchpointId,
      revision: 0,
      type: 'touchpoint-recorded.v1',
      occurredAt: recordedAt(0),
      recordedAt: recordedAt(0),
      _contact: 1,
      _words: 'hello one two',
    });
  });

  const OTHERS: readonly (readonly [LedgerEvent, object])[] = [
    [
      { type: 'purchase-recorded.v1', data: { orderId: 'O-1', total: { amount: '1', currency: 'EUR' } } },
      { kind: 'purchase', _words: 'o 1' },
    ],
    [
      {
        type: 'purchase-refunded.v1',
        data: { orderId: 'O-1', amount: { amount: '1', currency: 'EUR' }, reason: 'Broken' },
      },
      { kind: 'refund', _words: 'o 1 broken' },
    ],
    [
      { type: 'survey-answered.v1', data: { instrument: 'nps', score: 9, comment: 'Fine' } },
      { kind: 'survey-answer', instrument: 'nps', score: 9, _words: 'fine' },
    ],
    [
      { type: 'feedback-received.v1', data: { type: 'praise', content: 'Good' } },
      { kind: 'feedback', feedbackType: 'praise', type: 'feedback-received.v1', _words: 'good' },
    ],
  ];
  it.each(OTHERS)('is no contact where it is no touchpoint: $type', (event, expected) => {
    const [entry] = Object.values(folded(timeline, recorded([event])));
    expect(entry).toMatchObject({ eventId: idAt(0), revision: 0, ...expected });
    expect(entry).not.toHaveProperty('_contact');
  });
});

describe('a status', () => {
  const [early, late] = ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'];

  it('is the latest by when it happened, however late it is reported', () => {
    for (const events of [
      [reported('sent', early), reported('opened', late)],
      [reported('opened', late), reported('sent', early)],
    ]) {
      expect(entryOf(...events)).toMatchObject({ status: 'opened', statusAt: late });
    }
  });

  it('is the last reported where several happened at once; one repeated changes nothing but that', () => {
    expect(entryOf(reported('sent', late), reported('opened', late))).toMatchObject({
      status: 'opened',
      _statusRevision: 2,
    });
    expect(entryOf(reported('opened', late), reported('sent', early), reported('sent', early))).toMatchObject(
      { status: 'opened' },
    );
    const events = recorded([SAID, reported('opened', late)]);
    expect(folded(timeline, [...events, ...events.slice(1)])).toEqual(folded(timeline, events));
  });

  it('takes its code with it, and the code of an older one goes', () => {
    const bounced: LedgerEvent = {
      type: 'touchpoint-status-reported.v1',
      data: { touchpointId, status: 'bounced', code: '550', occurredAt: early },
    };
    expect(entryOf(bounced)).toMatchObject({ status: 'bounced', statusCode: '550' });
    expect(entryOf(bounced, reported('delivered', late))).not.toHaveProperty('statusCode');
  });
});

describe('a correction', () => {
  const corrected = (from: object, to: object, sealed: object = {}): LedgerEvent => {
    return {
      type: 'touchpoint-corrected.v1',
      data: { touchpointId, was: { ...was, ...from }, now: { ...was, ...to }, reason: 'wrong', ...sealed },
    };
  };
  const occurredAt = '2026-01-01T00:00:00.000Z';

  it('changes fields, time and words, and says which', () => {
    expect(entryOf(corrected({}, { channel: 'voice', occurredAt }, { content: 'three' }))).toMatchObject({
      channel: 'voice',
      occurredAt,
      subject: 'Hello',
      content: 'three',
      _words: 'hello three',
      corrections: [
        {
          eventId: idAt(1),
          recordedAt: recordedAt(1),
          fields: ['channel', 'content', 'occurredAt'],
          reason: 'wrong',
        },
      ],
    });
  });

  it('follows another', () => {
    const entry = entryOf(corrected({}, { agent: 'ann' }), corrected({ agent: 'ann' }, { agent: 'bert' }));
    expect(entry).toMatchObject({
      agent: 'bert',
      corrections: [{ fields: ['agent'] }, { fields: ['agent'] }],
    });
  });
});

describe('a redaction', () => {
  it('hides the text and what was said about it; that, when and why it was done stays', () => {
    expect(entryOf(annotated, redacted)).toEqual({
      ...FACTS,
      sourceSystem: 'mail',
      eventId: touchpointId,
      revision: 0,
      type: 'touchpoint-recorded.v1',
      occurredAt: recordedAt(0),
      recordedAt: recordedAt(0),
      annotations: [{ eventId: idAt(1), recordedAt: recordedAt(1) }],
      redacted: true,
      redaction: { eventId: idAt(2), recordedAt: recordedAt(2), reason: 'asked for' },
      _contact: 0,
    });
  });

  it('lets a late status through', () => {
    expect(entryOf(redacted, reported('opened'))).toMatchObject({ redacted: true, status: 'opened' });
  });
});

it.each([reported('sent'), annotated, redacted])(
  '$type makes no entry where there is no touchpoint',
  (event) => {
    expect(folded(timeline, recorded([event]))).toEqual({});
  },
);
