import type { Document, Json } from '#libs/core';
import { listOf } from './fields';

/** A complaint or an outbound touchpoint: when it happened (ms since 1970), revision and event id. */
export type Said = readonly [atMs: number, revision: number, id: string];
/** With its answer: the first outbound touchpoint at or after it. */
export type Complaint = readonly [said: Said, answer: Said | null];

/** How many complaints and how many outbound touchpoints of a customer are kept one by one: the latest ones. */
export const KEPT_SAID = 50;

/** The list, in order of time then revision, with one more in it; it may be one too long then. */
export function inserted(list: readonly Said[], said: Said): readonly Said[] {
  const place = list.findLastIndex((other) => !isBefore(said, other)) + 1;
  return list.toSpliced(place, 0, said);
}

/** Complaints in the same order, with one more in it and its answer looked up; it may be one too long then. */
export function complained(
  complaints: readonly Complaint[],
  said: Said,
  outbound: readonly Said[],
): readonly Complaint[] {
  const place = complaints.findLastIndex(([other]) => !isBefore(said, other)) + 1;
  return complaints.toSpliced(place, 0, [said, answerTo(said, outbound)]);
}

/** After an outbound touchpoint: it answers what came before it and was not answered earlier. */
export function answered(complaints: readonly Complaint[], by: Said): readonly Complaint[] {
  const answers = ([said, answer]: Complaint): boolean =>
    said[0] <= by[0] && (answer === null || isBefore(by, answer));
  if (!complaints.some(answers)) return complaints;
  return complaints.map((complaint) => (answers(complaint) ? [complaint[0], by] : complaint));
}

/** After an outbound touchpoint is none any more, or was at another time: what it answered is answered by another one, or not. */
export function reopened(
  complaints: readonly Complaint[],
  gone: Said,
  outbound: readonly Said[],
): readonly Complaint[] {
  const wasAnswer = ([, answer]: Complaint): boolean => answer !== null && isSame(answer, gone);
  if (!complaints.some(wasAnswer)) return complaints;
  return complaints.map((complaint) =>
    wasAnswer(complaint) ? [complaint[0], answerTo(complaint[0], outbound)] : complaint,
  );
}

/** Of one event and at one time; the revision says only which event told so. */
export function isSame(a: Said, b: Said): boolean {
  return a[0] === b[0] && a[2] === b[2];
}

/** The complaints of a document of `loyalty`. */
export function complaintsOf(document: Document): readonly Complaint[] {
  return listOf(document['complaints']).filter(isComplaint);
}

export function saidOf(value: Json | undefined): readonly Said[] {
  return listOf(value).filter(isSaid);
}

export function waitMsOf([said, by]: Complaint): number | undefined {
  return by === null ? undefined : by[0] - said[0];
}

function isSaid(value: Json | undefined): value is Said {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    typeof value[0] === 'number' &&
    typeof value[1] === 'number' &&
    typeof value[2] === 'string'
  );
}

function isComplaint(value: Json): value is Complaint {
  return (
    Array.isArray(value) && value.length === 2 && isSaid(value[0]) && (value[1] === null || isSaid(value[1]))
  );
}

function answerTo(complaint: Said, outbound: readonly Said[]): Said | null {
  return outbound.find(([atMs]) => atMs >= complaint[0]) ?? null;
}

function isBefore(a: Said, b: Said): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}
