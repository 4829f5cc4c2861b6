/** Distinct words that a document is found by: enough for a long e-mail, bounded for a novel. */
const MAX_WORDS = 1_000;
/** Characters of a word that are indexed. */
const MAX_WORD_LENGTH = 40;

const WORD = /[\p{L}\p{N}]+/gu;

/** The words of a text as they are searched: NFKC, case-folded, each once, in order of appearance. */
export function wordsOf(text: string): readonly string[] {
  const words = new Set<string>();
  for (const word of text.normalize('NFKC').toLowerCase().match(WORD) ?? []) {
    words.add(word.slice(0, MAX_WORD_LENGTH));
    if (words.size === MAX_WORDS) break;
  }
  return [...words];
}
