/** An event as a client proposes it. */
export interface ProposedEvent {
  /** Lower case with hyphens. */
  readonly id: string;
  readonly type: string;
  readonly json: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  readonly stream: string;
  /** From 0; infinity for the tombstone, whose number is the greatest that the server knows. */
  readonly revision: number;
  /** Byte offset in the log that the real server would write: ordered, with gaps. */
  readonly position: number;
  /** 100-nanosecond ticks since the Unix epoch. */
  readonly ticks: bigint;
}

export type Expected =
  | { readonly kind: 'any' }
  | { readonly kind: 'no-stream' }
  | { readonly kind: 'stream-exists' }
  | { readonly kind: 'exact'; readonly revision: bigint };

export const TOMBSTONE = Number.POSITIVE_INFINITY;
const DELETED_STREAM = '9223372036854775807';
/** The same number where it comes out of JSON. */
export const SOFT_DELETED = Number(DELETED_STREAM);
const TICKS_A_MILLISECOND = 10_000n;

export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';
export const LINK_TYPE = '$>';

export const NOTHING = new Uint8Array(0);

export const revisionText = (revision: number): string =>
  revision === TOMBSTONE ? DELETED_STREAM : String(revision);

export const ticksOf = (milliseconds: number): bigint => BigInt(milliseconds) * TICKS_A_MILLISECOND;

/** JSON cannot carry the number that marks a soft delete, so its text is written by hand. */
export const SOFT_DELETE_METADATA = Buffer.from(`{"$tb":${DELETED_STREAM}}`);

export const isMetastream = (stream: string): boolean => stream.startsWith('$$');
export const metastreamOf = (stream: string): string => `$$${stream}`;
export const originalOf = (metastream: string): string => metastream.slice('$$'.length);
