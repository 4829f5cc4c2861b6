import { isJsonObject } from '#libs/core';
import type { Document, Json, Projection, Recorded } from '#libs/core';
import { SEALED_TOUCHPOINT_FIELDS } from '#libs/events';
import type { SeenEvent } from '#libs/events';
import { documentOf, listOf, numberOf, without } from './fields';
import { wordsOf } from './words';

/** Of what was said about a touchpoint its entry has the latest, within these bounds; the history has all. */
export const MAX_SAID = 100;
export const MAX_SAID_CHARACTERS = 64 * 1024;

/** What a touchpoint's redaction takes out of its entry. */
const HIDDEN = [...SEALED_TOUCHPOINT_FIELDS, 'sourceId', 'sourcePart', '_words'];

/**
 * Everything said and done with a customer: one document a touchpoint, purchase, refund, survey answer or feedback,
 * key = event id. `_contact` is 1 for what counts as a contact: a touchpoint that is not redacted.
 */
export const timeline: Projection<SeenEvent> = {
  name: 'timeline',
  version: 2,
  indexes: [
    {
      name: 'by-time',
      fields: ['_customer', 'occurredAt', 'revision'],
      covers: ['channel', 'kind', 'direction', '_contact'],
    },
  ],
  words: { field: '_words', scope: '_customer' },
  keysOf({ event, id }) {
    switch (event.type) {
      case 'touchpoint-recorded.v1':
      case 'purchase-recorded.v1':
      case 'purchase-refunded.v1':
      case 'survey-answered.v1':
      case 'feedback-received.v1':
        return [id];
      case 'touchpoint-status-reported.v1':
      case 'touchpoint-corrected.v1':
      case 'touchpoint-annotated.v1':
      case 'touchpoint-redacted.v1':
        return [event.data.touchpointId];
      default:
        return [];
    }
  },
  fold(document, recorded) {
    const { event } = recorded;
    switch (event.type) {
      case 'touchpoint-recorded.v1':
        return entry(recorded, { ...event.data, _contact: 1 }, [
          event.data.subject,
          event.data.content,
          event.data.outcomeText,
        ]);
      case 'purchase-recorded.v1':
        return entry(recorded, { ...event.data, kind: 'purchase' }, [event.data.orderId]);
      case 'purchase-refunded.v1':
        return entry(recorded, { ...event.data, kind: 'refund' }, [event.data.orderId, event.data.reason]);
      case 'survey-answered.v1':
        return entry(recorded, { ...event.data, kind: 'survey-answer' }, [event.data.comment]);
      case 'feedback-received.v1': {
        const { type, ...rest } = event.data;
        return entry(recorded, { ...rest, feedbackType: type, kind: 'feedback' }, [event.data.content]);
      }
      case 'touchpoint-status-reported.v1':
        return document === undefined ? undefined : report(document, recorded);
      case 'touchpoint-corrected.v1':
        return document === undefined ? undefined : correct(document, recorded);
      case 'touchpoint-annotated.v1': {
        if (document === undefined) return undefined;
        const note = documentOf({ ...reference(recorded), text: event.data.text });
        return { ...document, ...withOneMore(document, 'annotations', note) };
      }
      case 'touchpoint-redacted.v1':
        return document === undefined ? undefined : redact(document, recorded);
      default:
        return document;
    }
  },
};

function entry(
  recorded: Recorded<SeenEvent>,
  fields: Readonly<Record<string, Json | undefined>>,
  texts: readonly (string | undefined)[],
): Document {
  const words = wordsOf(texts.filter((text) => text !== undefined).join(' '));
  return documentOf({
    ...fields,
    eventId: recorded.id,
    revision: recorded.revision,
    type: recorded.event.type,
    occurredAt: recorded.occurredAt,
    recordedAt: recorded.recordedAt,
    _words: words.length === 0 ? undefined : words.join(' '),
  });
}

/** The latest status by when it happened, then by revision: late and repeated reports change nothing. */
function report(document: Document, { event, occurredAt, revision }: Recorded<SeenEvent>): Document {
  if (event.type !== 'touchpoint-status-reported.v1') return document;
  const { statusAt, _statusRevision } = document;
  const later =
    typeof statusAt !== 'string' ||
    occurredAt > statusAt ||
    (occurredAt === statusAt && revision > Number(_statusRevision));
  if (!later) return document;
  const { status, code } = event.data;
  return documentOf({
    ...document,
    status,
    statusCode: code,
    statusAt: occurredAt,
    _statusRevision: revision,
  });
}

function correct(document: Document, recorded: Recorded<SeenEvent>): Document {
  const { event } = recorded;
  if (event.type !== 'touchpoint-corrected.v1') return document;
  const { touchpointId: _id, was, now, reason, ...texts } = event.data;
  const next: Record<string, Json | undefined> = { ...document, ...texts, ...now };
  const before: Readonly<Record<string, Json | undefined>> = was;
  const after: Readonly<Record<string, Json | undefined>> = now;
  const changed = [
    ...Object.keys(after).filter((name) => after[name] !== before[name]),
    ...Object.keys(texts),
  ].toSorted();
  const correction = documentOf({ ...reference(recorded), fields: changed, reason });
  const words = wordsOf(['subject', 'content', 'outcomeText'].map((name) => textOf(next[name])).join(' '));
  return documentOf({
    ...next,
    ...withOneMore(document, 'corrections', correction),
    _words: words.length === 0 ? undefined : words.join(' '),
  });
}

/** The entry's list with one more in it; `earlier…` counts those that are not listed any more. */
function withOneMore(document: Document, list: 'annotations' | 'corrections', next: Document): Document {
  const all = [...listOf(document[list]), next];
  let characters = 0;
  let first = all.length - 1;
  for (; first >= 0 && all.length - first <= MAX_SAID; first--) {
    const one = all[first];
    if (isJsonObject(one)) characters += textOf(one['text']).length + textOf(one['reason']).length;
    if (characters > MAX_SAID_CHARACTERS && first < all.length - 1) break;
  }
  const kept = all.slice(first + 1);
  const earlier = list === 'annotations' ? 'earlierAnnotations' : 'earlierCorrections';
  const before = numberOf(document[earlier]) + all.length - kept.length;
  return documentOf({ [list]: kept, [earlier]: before === 0 ? undefined : before });
}

/** Hides the text, and what was said about it; that it was, and when, stays. */
function redact(document: Document, recorded: Recorded<SeenEvent>): Document {
  if (recorded.event.type !== 'touchpoint-redacted.v1') return document;
  const bare = (list: Json | undefined): Json[] | undefined =>
    list === undefined
      ? undefined
      : listOf(list).map((said) =>
          isJsonObject(said)
            ? documentOf({ eventId: said['eventId'], recordedAt: said['recordedAt'] })
            : said,
        );
  return documentOf({
    ...without(document, HIDDEN),
    corrections: bare(document['corrections']),
    annotations: bare(document['annotations']),
    redacted: true,
    redaction: documentOf({ ...reference(recorded), reason: recorded.event.data.reason }),
    _contact: 0,
  });
}

function reference({ id, recordedAt }: Recorded<SeenEvent>): { eventId: string; recordedAt: string } {
  return { eventId: id, recordedAt };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
