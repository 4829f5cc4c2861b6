import { isJsonObject } from '#libs/core';
import type { Change, Document, Json, Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { documentOf } from './fields';
import { segmentOf } from './segments';
import { wordsOf } from './words';

/**
 * All customers, to be listed and searched: one document a customer, key = customerId, made of what other projections
 * say. `loyalty` is the score in hundredths. `_words` are the words of the name and of the identifiers' values. `all`
 * is 1 everywhere: indexes and words need something to lead them.
 */
export const directory: Projection<SeenEvent> = {
  name: 'directory',
  version: 2,
  after: ['profile', 'loyalty', 'segments'],
  indexes: [
    { name: 'by-loyalty', fields: ['all', 'loyalty', 'customerId'], covers: ['tier', 'segment'] },
    { name: 'by-customer', fields: ['all', 'customerId'], covers: ['tier', 'segment'] },
  ],
  words: { field: '_words', scope: 'all', indexed: true },
  keysOf: ({ customerId }) => (customerId === '' ? [] : [customerId]),
  fold(document, { customerId }, _key, { profile, loyalty, segments }) {
    const words = saysTheSame(document, profile) ? document?.['_words'] : wordsOfProfile(profile?.after);
    const score = loyalty === undefined ? document?.['loyalty'] : loyalty.after?.['score'];
    const tier = loyalty === undefined ? document?.['tier'] : loyalty.after?.['tier'];
    const segment = segments === undefined ? document?.['segment'] : segmentOf(segments.after);
    const next = { _words: words, loyalty: typeof score === 'number' ? score : 0, tier, segment };
    // Most events change nothing here, and the very same document is not written again.
    if (document !== undefined && same(document, next)) return document;
    return documentOf({ customerId, all: 1, ...next });
  },
};

function same(document: Document, next: Document): boolean {
  return Object.keys(next).every((name) => document[name] === next[name]);
}

/** Finding words costs more than all the rest, so it is done only where a name or an identifier changed. */
function saysTheSame(document: Document | undefined, profile: Change | undefined): boolean {
  if (profile === undefined) return true;
  const { before, after } = profile;
  return (
    document !== undefined &&
    before?.['name'] === after?.['name'] &&
    before?.['identifiers'] === after?.['identifiers']
  );
}

function wordsOfProfile(profile: Document | undefined): string | undefined {
  const { name, identifiers } = profile ?? {};
  const texts: (Json | undefined)[] = [name];
  if (Array.isArray(identifiers)) {
    for (const identifier of identifiers) if (isJsonObject(identifier)) texts.push(identifier['value']);
  }
  const words = wordsOf(texts.filter((text) => typeof text === 'string').join(' '));
  return words.length === 0 ? undefined : words.join(' ');
}
