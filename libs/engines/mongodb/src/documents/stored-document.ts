import { indexedFields } from '#libs/core';
import type { Document, DocumentsDefinition, WordsDefinition } from '#libs/core';
import { fieldName } from './definition';
import type { StoredDocument } from './definition';

/** How documents of a projection are written and read. */
export class DocumentCodec {
  readonly #fields: readonly (readonly [field: string, stored: `f_${string}`])[];
  readonly #words: WordsDefinition | undefined;

  constructor(definition: DocumentsDefinition) {
    this.#fields = indexedFields(definition).map((field) => [field, fieldName(field)]);
    this.#words = definition.words;
  }

  write(document: Document): Omit<StoredDocument, '_id'> {
    const stored: Writable = { doc: JSON.stringify(document) };
    for (const [field, name] of this.#fields) {
      const value = document[field];
      if (typeof value === 'string' || typeof value === 'number') stored[name] = value;
    }
    const words = this.#words === undefined ? undefined : document[this.#words.field];
    if (typeof words !== 'string') return stored;
    stored.words = ` ${words}`;
    if (this.#words?.indexed === true) stored.terms = words.split(' ');
    return stored;
  }
}

interface Writable {
  doc: string;
  words?: string;
  terms?: readonly string[];
  [indexed: `f_${string}`]: string | number;
}
