/** The whole input cannot be read or sent: one line for the user, no stack. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
