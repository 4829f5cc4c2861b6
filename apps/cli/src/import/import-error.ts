/** The whole input cannot be read or sent: one line for the user, no stack. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

/** Node's code of an error (`ECONNREFUSED`), or ''. Not by class: an error may be of another realm, or of none. */
export function codeOf(error: unknown): string {
  return textAt(error, 'code') ?? '';
}

export function messageOf(error: unknown): string {
  return textAt(error, 'message') ?? String(error);
}

function textAt(error: unknown, name: 'code' | 'message'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
