/** Distinct words that a document is found by: more than a command's body has room for sensibly. */
const MAX_WORDS = 20_000;
/** Characters of a word that are indexed. */
const MAX_WORD_LENGTH = 128;

/** A mark belongs to the letter before it: without it many scripts' words would fall apart. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** The words of a text as they are searched: NFKC, case-folded, each once, in order of appearance. */
export function wordsOf(text: string): readonly string[] {
  const words = new Set<string>();
  for (const word of caseFolded(text).match(WORD) ?? []) {
    words.add(word.slice(0, MAX_WORD_LENGTH));
    if (words.size === MAX_WORDS) break;
  }
  return [...words];
}

/** By way of small letters (ẞ is ß) and capitals (ß is SS); and a sigma is one, wherever in its word it stands. */
function caseFolded(text: string): string {
  const capitals = text.normalize('NFKC').toLowerCase().toUpperCase();
  return capitals.toLowerCase().replaceAll('ς', 'σ').normalize('NFKC');
}
