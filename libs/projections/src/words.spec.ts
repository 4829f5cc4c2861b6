import { wordsOf } from './words';

/** Whether a text is found by words: each is the beginning of one of the text's. */
function finds(text: string, asked: string): boolean {
  const words = wordsOf(text);
  return wordsOf(asked).every((word) => words.some((one) => one.startsWith(word)));
}

it.each([
  ['Straße', 'strasse'],
  ['STRASSE', 'straße'],
  ['STRAẞE', 'strasse'],
  ['ΟΔΟΣΤΡΩΜΑ', 'ΟΔΟΣ'],
  ['οδός', 'ΟΔΌΣ'],
  ['Ｆｕｌｌ width', 'full'],
  ['किताब', 'किताब'],
  ['Zoë', 'ZOE\u0308'],
])('%s is found by %s', (text, asked) => {
  expect(finds(text, asked)).toBe(true);
});

it.each([
  ['कल तब बस', 'किताब'],
  ['ก น', 'กิน'],
  [`${'a'.repeat(40)}b`, `${'a'.repeat(40)}c`],
])('%s is not found by %s', (text, asked) => {
  expect(finds(text, asked)).toBe(false);
});

describe('words', () => {
  it.each([
    ['Hello, hello WORLD!', ['hello', 'world']],
    ['e-mail a@x.com 42', ['e', 'mail', 'a', 'x', 'com', '42']],
    ['Ｆｕｌｌ ﬁne Größe Ελλάδα', ['full', 'fine', 'grösse', 'ελλάδα']],
    ['您好 😀', ['您好']],
    ['', []],
    ['... --- !!!', []],
  ])('of %p', (text, words) => expect(wordsOf(text)).toEqual(words));

  it('are bounded in number and length', () => {
    const words = wordsOf(Array.from({ length: 30_000 }, (_, i) => `w${i}`).join(' '));
    expect(words).toHaveLength(20_000);
    expect(wordsOf('x'.repeat(500))).toEqual(['x'.repeat(128)]);
  });
});
