import { aboutText, parseAbout } from '#libs/core';
import type { AppendRecord, AppendRequest } from '#libs/core';

/**
 * Append requests in a form that crosses threads cheaply: columns of flat strings and one buffer that is transferred.
 * An object graph clones several times slower, and a posted pooled Buffer would copy its whole pool.
 */
export interface PackedAppends {
  readonly streams: readonly string[];
  readonly tags: readonly string[];
  readonly expected: readonly number[];
  /** Records of each request. */
  readonly counts: readonly number[];
  readonly ids: readonly string[];
  readonly envs: readonly string[];
  readonly leafHashes: readonly string[];
  readonly keys: readonly string[];
  /** `<role> <target>`, empty where a record is about none. */
  readonly abouts: readonly string[];
  /** `<class> <bytes>` of each blob, parted by `;`, one text a record. */
  readonly sealed: readonly string[];
  readonly blobs: ArrayBuffer;
}

export function packAppends(requests: readonly AppendRequest[]): PackedAppends {
  const records = requests.flatMap((request) => request.records);
  let bytes = 0;
  for (const { sealed } of records) for (const path in sealed) bytes += sealed[path]?.length ?? 0;
  const blobs = new Uint8Array(bytes);
  let offset = 0;
  const sealedTexts: string[] = [];
  for (const { sealed } of records) {
    let text = '';
    for (const path in sealed) {
      const blob = sealed[path];
      if (blob === undefined) continue;
      blobs.set(blob, offset);
      offset += blob.length;
      text += `${text === '' ? '' : ';'}${path} ${blob.length}`;
    }
    sealedTexts.push(text);
  }
  return {
    streams: requests.map((request) => request.stream),
    tags: requests.map((request) => request.records[0]?.tag ?? ''),
    expected: requests.map((request) => request.expectedRevision),
    counts: requests.map((request) => request.records.length),
    ids: records.map((record) => record.id),
    envs: records.map((record) => record.env),
    leafHashes: records.map((record) => record.leafHash),
    keys: records.map((record) => record.key ?? ''),
    abouts: records.map(({ about }) => (about === undefined ? '' : aboutText(about))),
    sealed: sealedTexts,
    blobs: blobs.buffer,
  };
}

export function unpackAppends(packed: PackedAppends): AppendRequest[] {
  let next = 0;
  let offset = 0;
  return packed.streams.map((stream, r) => {
    const expectedRevision = packed.expected[r] ?? -1;
    const tag = packed.tags[r] ?? '';
    const records: AppendRecord[] = [];
    for (let i = 0; i < (packed.counts[r] ?? 0); i++, next++) {
      const sealed: Record<string, Uint8Array> = {};
      for (const part of (packed.sealed[next] ?? '').split(';')) {
        if (part === '') continue;
        const [path = '', length = '0'] = part.split(' ');
        sealed[path] = new Uint8Array(packed.blobs, offset, Number(length));
        offset += Number(length);
      }
      const key = packed.keys[next] ?? '';
      const about = parseAbout(packed.abouts[next] ?? '');
      records.push({
        id: packed.ids[next] ?? '',
        stream,
        rev: expectedRevision + 1 + i,
        env: packed.envs[next] ?? '',
        sealed,
        leafHash: packed.leafHashes[next] ?? '',
        tag,
        ...(key === '' ? {} : { key }),
        ...(about === undefined ? {} : { about }),
      });
    }
    return { stream, expectedRevision, records };
  });
}
