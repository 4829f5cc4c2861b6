import { isJsonObject } from '#libs/core';
import type { Document, DocumentGroup, Json } from '#libs/core';

const PAGE = 500;

/** What the shared documents of a projection add up to over all buckets, by what their keys say after the bucket. */
export async function sumOf(
  group: DocumentGroup,
  projection: string,
): Promise<ReadonlyMap<string, Document>> {
  const sums = new Map<string, Document>();
  for (let after: string | undefined; ;) {
    const page = await group.scan(projection, after, PAGE);
    for (const [key, document] of page) {
      const name = key.slice(key.indexOf('/') + 1);
      const sum = addDocuments(sums.get(name), document);
      sums.set(name, sum);
    }
    after = page[page.length - 1]?.[0];
    if (page.length < PAGE) break;
  }
  // A document whose counts came down to nothing is as good as none.
  for (const [name, sum] of sums) if (isEmpty(sum)) sums.delete(name);
  return new Map([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Numbers are added, objects member by member, lists place by place, and what is text is the same in both. */
export function addDocuments(a: Document | undefined, b: Document): Document {
  const sum: Record<string, Json | undefined> = { ...a };
  for (const [name, value] of Object.entries(b)) {
    if (name.startsWith('_')) continue;
    sum[name] = added(sum[name], value);
  }
  return sum;
}

function added(a: Json | undefined, b: Json | undefined): Json | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (isList(a) && isList(b)) {
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => added(a[i], b[i]) ?? null);
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return b ?? a;
  const sum: Record<string, Json | undefined> = { ...a };
  for (const [name, value] of Object.entries(b)) sum[name] = added(a[name], value);
  return sum;
}

function isEmpty(value: Json | Document | undefined): boolean {
  if (typeof value === 'number') return value === 0;
  if (isList(value)) return value.every(isEmpty);
  return isJsonObject(value) ? Object.values(value).every(isEmpty) : true;
}

function isList(value: Json | Document | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
