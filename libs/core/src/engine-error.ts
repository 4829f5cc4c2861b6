/** An engine could not do what it was asked: a disk, a server or a network failed. The caller may try again later. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
}

/** What something that was thrown says: anything can be thrown. Not by class: an error may be of another realm. */
export function messageOf(error: unknown): string {
  return textAt(error, 'message') ?? 'unknown fault';
}

/** Code of an error, as Node's `ECONNREFUSED`, or ''. */
export function codeOf(error: unknown): string {
  return textAt(error, 'code') ?? '';
}

function textAt(error: unknown, name: 'code' | 'message'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
