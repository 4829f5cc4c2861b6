import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A small tree that breaks one rule, kept as one text file so that no tool takes it for source:
 *
 *     why this is a mistake
 *     ! what the rule must say about it, one line a finding
 *     -- libs/core/src/index.ts --
 *     the file's text
 *
 * `-- path x401 --` repeats the text 401 times.
 */
export interface Fixture {
  readonly rule: string;
  readonly expected: readonly string[];
  readonly files: ReadonlyMap<string, string>;
}

const root = join(__dirname, 'fixtures');

export function readFixtures(family: string): Fixture[] {
  return readdirSync(join(root, family))
    .filter((name) => name.endsWith('.txt'))
    .toSorted()
    .map((name) => ({ rule: name.slice(0, -'.txt'.length), ...parse(join(root, family, name)) }));
}

/** Files that every tree of the imports family stands on: package.json and the packages that it may import. */
export function readGround(): ReadonlyMap<string, string> {
  return parse(join(root, 'ground.txt')).files;
}

export function writeTree(directory: string, files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

function parse(file: string): Omit<Fixture, 'rule'> {
  const [head = '', ...parts] = readFileSync(file, 'utf8').split(/^-- (?=\S+(?: x\d+)? --$)/m);
  const files = new Map<string, string>();
  for (const part of parts) {
    const end = part.indexOf('\n');
    const [path = '', times] = part.slice(0, end).replace(/ --$/, '').split(' x');
    files.set(path, part.slice(end + 1).repeat(Number(times ?? 1)));
  }
  const expected = head.split('\n').flatMap((line) => (line.startsWith('! ') ? [line.slice(2)] : []));
  return { expected: expected.toSorted(), files };
}
