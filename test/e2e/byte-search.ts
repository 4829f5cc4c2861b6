import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

function filesUnder(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

/** The forms in which a text may lie in a file: as it is, and as tools and drivers write it. */
function formsOf(text: string): ReadonlyMap<string, Buffer> {
  const forms = new Map<string, Buffer>([
    ['utf-8', Buffer.from(text)],
    ['lower case', Buffer.from(text.toLowerCase())],
    ['utf-16le', Buffer.from(text, 'utf16le')],
    ['utf-16be', Buffer.from(text, 'utf16le').swap16()],
    ['hex', Buffer.from(Buffer.from(text).toString('hex'))],
    ['HEX', Buffer.from(Buffer.from(text).toString('hex').toUpperCase())],
  ]);
  // Base64 depends on where in a triple the text begins; what its neighbours touch is cut off.
  for (const shift of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = padded.toString(encoding).replaceAll('=', '');
      forms.set(`${encoding}+${shift}`, Buffer.from(encoded.slice(shift === 0 ? 0 : 4, -2)));
    }
  }
  return forms;
}

/** `file: form` of every file under a directory that holds the text in any form. */
export function filesWith(directory: string, text: string): string[] {
  const forms = formsOf(text);
  return filesUnder(directory).flatMap((path) => {
    const bytes = readFileSync(path);
    return [...forms]
      .filter(([, form]) => bytes.includes(form))
      .map(([form]) => `${relative(directory, path)}: ${form}`);
  });
}

/** The forms in which a text stands in another text. */
export function formsIn(haystack: string, text: string): string[] {
  const bytes = Buffer.from(haystack);
  return [...formsOf(text)].filter(([, form]) => bytes.includes(form)).map(([form]) => form);
}
