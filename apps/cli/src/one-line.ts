/** Characters of a text that a line of the human form shows. */
const SHOWN_CHARACTERS = 80;

/** One line, however the text is broken; control characters never reach the terminal. */
export function shorten(text: string): string {
  // Bidi overrides can make a line read as another one.
  const line = text.replace(/[\p{Cc}\s\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS).join('')}…` : line;
}
