import { indexedFields } from '#libs/core';
import type { Document, DocumentsDefinition } from '#libs/core';
import { fieldName } from './definition';
import type { StoredDocument } from './definition';

/** How documents of a projection are written and read. */
export class DocumentCodec {
  readonly #fields: readonly (readonly [field: string, stored: `f_${string}`])[];
  readonly #words: string | undefined;

  constructor(definition: DocumentsDefinition) {
    this.#fields = indexedFields(definition).map((field) => [field, fieldName(field)]);
    this.#words = definition.words?.field;
  }

  write(document: Document): Omit<StoredDocument, '_id'> {
    const stored: { doc: string; words?: string; [indexed: `f_${string}`]: string | number } = {
      doc: JSON.stringify(document),
    };
    for (const [field, name] of this.#fields) {
      const value = document[field];
      if (typeof value === 'string' || typeof value === 'number') stored[name] = value;
    }
    const words = this.#words === undefined ? undefined : document[this.#words];
    if (typeof words === 'string') stored.words = ` ${words}`;
    return stored;
  }
}
