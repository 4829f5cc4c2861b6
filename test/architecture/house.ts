import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

/** Path from the repository's root, with `/`, to text. The text of what is no source file is empty. */
export type House = ReadonlyMap<string, string>;

/** One rule over the whole house; a finding is `path`, `path:line` or `path: detail`. */
export interface Rule {
  readonly name: string;
  readonly says: string;
  readonly check: (house: House) => string[];
}

const pureLib = /^libs\/(core|events|domain|projections|insight|trust)\//;
const spec = /\.(spec|e2e-spec)\.ts$/;

export const isSpec = (path: string): boolean => spec.test(path);
export const isSource = (path: string): boolean => /^(apps|libs)\/.*\.ts$/.test(path) && !isSpec(path);
/** Production code: neither specs nor the lib that is made for them. */
export const isShipped = (path: string): boolean => isSource(path) && !path.startsWith('libs/testing/');
export const isPure = (path: string): boolean => pureLib.test(path) && isSource(path);

const unlisted = new Set(['node_modules', 'dist', 'coverage', 'data', 'data.key', '.git']);

/** What git tracks, and what it would track, so that a stray file of a developer fails nobody's test. */
export function readHouse(root: string): House {
  const house = new Map<string, string>();
  for (const path of tracked(root) ?? walk(root, '')) {
    if (path.endsWith('.ts') && /^(apps|libs|test)\//.test(path)) {
      house.set(path, readFileSync(join(root, path), 'utf8'));
    } else {
      house.set(path, '');
    }
  }
  return house;
}

function tracked(root: string): string[] | undefined {
  try {
    const git = (...flags: string[]) =>
      execFileSync('git', ['ls-files', '-z', ...flags], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
        .split('\0')
        .filter((path) => path !== '');
    const gone = new Set(git('--deleted'));
    const fresh = git('--others', '--exclude-standard').filter((path) => path.includes('/'));
    return [...new Set([...git(), ...fresh])].filter((path) => !gone.has(path));
  } catch {
    return undefined; // No git, or an unpacked archive.
  }
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (unlisted.has(path) || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) yield* walk(root, path);
    else yield path;
  }
}

const parsed = new Map<string, ts.SourceFile>();

/** Syntax trees are parsed once a text: ten rules read them. */
export function parse(path: string, text: string): ts.SourceFile {
  const key = `${path}\0${text}`;
  const known = parsed.get(key);
  if (known) return known;
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  parsed.set(key, file);
  return file;
}

/** A rule that looks at each syntax node of the files that `applies` chooses. */
export function nodeRule(
  name: string,
  says: string,
  applies: (path: string) => boolean,
  breaks: (node: ts.Node, file: ts.SourceFile) => boolean,
): Rule {
  const check = (house: House) =>
    [...house].flatMap(([path, text]) => {
      if (!applies(path)) return [];
      const file = parse(path, text);
      const findings: string[] = [];
      const visit = (node: ts.Node): void => {
        if (breaks(node, file)) findings.push(`${path}:${lineOf(file, node.getStart(file))}`);
        ts.forEachChild(node, visit);
      };
      visit(file);
      return findings;
    });
  return { name, says, check };
}

/** A rule about paths and whole texts. */
export const houseRule = (name: string, says: string, check: Rule['check']): Rule => ({ name, says, check });

export const lineOf = (file: ts.SourceFile, offset: number): number =>
  file.getLineAndCharacterOfPosition(offset).line + 1;

export const linesOf = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
