/** An engine could not do what it was asked: a disk, a server or a network failed. The caller may try again later. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
}

/** What something that was thrown says: anything can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault';
}
