import type { Document, Json, Recorded } from '#libs/core';
import type { SeenEvent, TouchpointFacts } from '#libs/events';
import { handlingMillionths, surveyPoints } from '#libs/insight';
import type { LoyaltyInputs, SurveyInstrument } from '#libs/insight';
import { listOf, numberOf } from './fields';
import {
  answered,
  complained,
  complaintsOf,
  inserted,
  isSame,
  KEPT_SAID,
  reopened,
  saidOf,
  waitMsOf,
} from './handling';
import type { Said } from './handling';

/** How many events each component names: the latest ones. */
export const NAMED_EVENTS = 20;

/** An event that a number comes from. */
export type Source = readonly [revision: number, id: string];

/** The outcome of a touchpoint that met its need. */
const MET = 'resolved';

/** The next document while one event is folded into it; its lists are replaced, never changed. */
export type Draft = Record<string, Json | undefined>;

/** What the model needs to know, out of a document of `loyalty`. */
export function inputsOf(document: Document): LoyaltyInputs {
  const number = (field: string): number => numberOf(document[field]);
  const answers = (instrument: SurveyInstrument) => ({
    count: number(`${instrument}Answers`),
    points: number(`${instrument}Points`),
  });
  return {
    answers: { csat: answers('csat'), ces: answers('ces'), nps: answers('nps'), cci: answers('cci') },
    outcomes: number('outcomes'),
    resolved: number('resolved'),
    waitsMs: complaintsOf(document).map(waitMsOf),
    pastComplaints: number('pastComplaints'),
    pastHandlingMillionths: number('pastHandlingMillionths'),
    purchases: number('purchases'),
    refunds: number('refunds'),
    firstAtMs: number('firstAtMs'),
    lastAtMs: number('lastAtMs'),
  };
}

/** The span in which the customer was observed only grows: no event needs to be looked up again. */
export function observe(draft: Draft, recorded: Recorded<SeenEvent>): void {
  const at = happenedAt(recorded);
  if (at === undefined) return;
  const atMs = Date.parse(at);
  const { firstAtMs, lastAtMs } = draft;
  draft['firstAtMs'] = typeof firstAtMs === 'number' ? Math.min(atMs, firstAtMs) : atMs;
  draft['lastAtMs'] = typeof lastAtMs === 'number' ? Math.max(atMs, lastAtMs) : atMs;
}

/** When something happened with the customer; when it was registered, or written about, is the company's time. */
function happenedAt({ event, occurredAt }: Recorded<SeenEvent>): string | undefined {
  switch (event.type) {
    case 'touchpoint-recorded.v1':
    case 'purchase-recorded.v1':
    case 'purchase-refunded.v1':
    case 'survey-answered.v1':
    case 'feedback-received.v1':
      return occurredAt;
    case 'touchpoint-corrected.v1':
      return event.data.now.occurredAt;
    default:
      return undefined;
  }
}

/** What an event adds to the inputs of the model. */
export function take(draft: Draft, recorded: Recorded<SeenEvent>): void {
  const { event, id, revision, occurredAt } = recorded;
  switch (event.type) {
    case 'touchpoint-recorded.v1':
      return move(draft, recorded, id, undefined, { ...event.data, occurredAt });
    case 'touchpoint-corrected.v1':
      return move(draft, recorded, event.data.touchpointId, event.data.was, event.data.now);
    case 'touchpoint-redacted.v1':
      return move(draft, recorded, event.data.touchpointId, event.data.was, undefined);
    case 'purchase-recorded.v1':
      add(draft, 'purchases', 1);
      return nameEvent(draft, 'purchaseFrom', [revision, id]);
    case 'purchase-refunded.v1':
      add(draft, 'refunds', 1);
      return nameEvent(draft, 'refundFrom', [revision, id]);
    case 'survey-answered.v1': {
      const { instrument, score } = event.data;
      add(draft, `${instrument}Answers`, 1);
      add(draft, `${instrument}Points`, surveyPoints(instrument, score));
      const service = instrument === 'csat' || instrument === 'ces';
      return nameEvent(draft, service ? 'serviceFrom' : 'inclinationFrom', [revision, id]);
    }
    case 'feedback-received.v1':
      if (event.data.type === 'complaint') complain(draft, [Date.parse(occurredAt), revision, id]);
      return;
    default:
  }
}

type Standing = Pick<TouchpointFacts, 'direction' | 'outcome' | 'occurredAt'>;

/** What a touchpoint was is subtracted, what it is now is added. */
function move(
  draft: Draft,
  { revision, occurredAt }: Recorded<SeenEvent>,
  id: string,
  was: Standing | undefined,
  now: Standing | undefined,
): void {
  const [had, has] = [was?.outcome !== undefined, now?.outcome !== undefined];
  add(draft, 'outcomes', Number(has) - Number(had));
  add(draft, 'resolved', Number(now?.outcome === MET) - Number(was?.outcome === MET));
  if (has && !had) nameTouchpoint(draft, [revision, id]);
  if (had && !has) unnameTouchpoint(draft, [revision, id]);
  const outbound = (standing: Standing | undefined): Said | undefined =>
    standing?.direction === 'outbound'
      ? [Date.parse(standing.occurredAt ?? occurredAt), revision, id]
      : undefined;
  const [before, after] = [outbound(was), outbound(now)];
  if (before !== undefined && after !== undefined && isSame(before, after)) return;
  if (before !== undefined) takeBack(draft, before);
  if (after !== undefined) answer(draft, after);
}

/** Unless what takes it back came before it. */
function answer(draft: Draft, said: Said): void {
  const owed = saidOf(draft['owed']);
  const settled = owed.findIndex((other) => isSame(other, said));
  if (settled !== -1) return setList(draft, 'owed', owed.toSpliced(settled, 1));
  setList(draft, 'complaints', answered(complaintsOf(draft), said));
  setList(draft, 'outbound', inserted(saidOf(draft['outbound']), said).slice(-KEPT_SAID));
}

function takeBack(draft: Draft, said: Said): void {
  const outbound = saidOf(draft['outbound']);
  const place = outbound.findIndex((other) => isSame(other, said));
  // In a history in order of time a correction may come before what it corrects. Of a full list it was pushed out.
  if (place === -1 && outbound.length < KEPT_SAID) {
    setList(draft, 'owed', inserted(saidOf(draft['owed']), said).slice(-KEPT_SAID));
  }
  const left = place === -1 ? outbound : outbound.toSpliced(place, 1);
  setList(draft, 'outbound', left);
  setList(draft, 'complaints', reopened(complaintsOf(draft), said, left));
}

/** One complaint too many pushes the oldest out: it counts on as it stands then, and nothing changes it any more. */
function complain(draft: Draft, said: Said): void {
  const complaints = complained(complaintsOf(draft), said, saidOf(draft['outbound']));
  const kept = complaints.slice(-KEPT_SAID);
  setList(draft, 'complaints', kept);
  const [oldest] = complaints;
  if (kept.length === complaints.length || oldest === undefined) return;
  add(draft, 'pastComplaints', 1);
  add(draft, 'pastHandlingMillionths', handlingMillionths(waitMsOf(oldest)));
  const [, by] = oldest;
  const shared = kept.some(([, other]) => by !== null && other !== null && isSame(by, other));
  if (by !== null && !shared) add(draft, 'pastAnswers', 1);
}

function nameEvent(draft: Draft, field: string, source: Source): void {
  const before = sourcesOf(draft[field]);
  const place = before.findLastIndex(([revision]) => revision <= source[0]) + 1;
  draft[field] = before.toSpliced(place, 0, source).slice(-NAMED_EVENTS);
}

/** Unless what takes its outcome away came before it. */
function nameTouchpoint(draft: Draft, source: Source): void {
  const owed = sourcesOf(draft['needsOwed']);
  const settled = owed.findIndex(([, id]) => id === source[1]);
  if (settled === -1) return nameEvent(draft, 'needsFrom', source);
  setList(draft, 'needsOwed', owed.toSpliced(settled, 1));
}

function unnameTouchpoint(draft: Draft, source: Source): void {
  const named = sourcesOf(draft['needsFrom']);
  const place = named.findIndex(([, id]) => id === source[1]);
  if (place !== -1) return setList(draft, 'needsFrom', named.toSpliced(place, 1));
  // The same as with answers that are taken back.
  if (named.length < NAMED_EVENTS) nameEvent(draft, 'needsOwed', source);
}

function add(draft: Draft, field: string, by: number): void {
  if (by === 0) return;
  const sum = numberOf(draft[field]) + by;
  draft[field] = sum === 0 ? undefined : sum;
}

function setList(draft: Draft, field: string, list: readonly Json[]): void {
  draft[field] = list.length === 0 ? undefined : list;
}

export function sourcesOf(value: Json | undefined): readonly Source[] {
  return listOf(value).filter(isSource);
}

function isSource(value: Json): value is Source {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'string'
  );
}
