import * as ts from 'typescript';
import { houseRule, isSource, isSpec, linesOf, parse } from './house';
import type { House, Rule } from './house';

const longestFile = 400;

const topLevel = new Set(
  [
    ['apps', 'libs', 'test', 'docs', 'scripts'],
    ['package.json', 'tsconfig.json', 'nest-cli.json', 'docker-compose.yml', 'README.md'],
    ['LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md'],
    // Configs that tools insist on.
    ['package-lock.json', 'tsconfig.build.json', 'jest.config.cjs', 'jest.engines.config.cjs', 'knip.json'],
    ['Dockerfile'],
  ].flat(),
);
const apps = new Set('standalone command-api relay projector notary query-api console cli'.split(' '));
const libs = new Set(
  'core events domain contracts projections insight trust sources delivery runtime distributed nest client testing'
    .split(' ')
    .concat(['eventstoredb', 'kafka', 'mongodb', 'embedded'].map((engine) => `engines/${engine}`)),
);

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const emptyWords = new Set('impl manager helper helpers util utils common shared'.split(' '));

export const houseRules: readonly Rule[] = [
  houseRule('fixed-top-level', 'the top level is fixed; dot-files are free', (house) =>
    unique([...house.keys()].map((path) => firstOf(path))).filter(
      (name) => !name.startsWith('.') && !topLevel.has(name),
    ),
  ),
  houseRule(
    'known-apps',
    'one folder a role, each with src/main.ts, or the app.module that standalone takes',
    (house) =>
      unique(filesUnder(house, 'apps').map((path) => path.split('/').slice(0, 2).join('/'))).filter(
        (app) =>
          !apps.has(app.slice('apps/'.length)) ||
          (app !== 'apps/console' &&
            !['main.ts', 'app.module.ts'].some((entry) => house.has(`${app}/src/${entry}`))),
      ),
  ),
  houseRule('known-libs', 'a new lib is a new place in the import rules: write an ADR', (house) =>
    unique(filesUnder(house, 'libs').map(libOf)).filter((lib) => !libs.has(lib.slice('libs/'.length))),
  ),
  houseRule('one-index-a-lib', 'one way in: src/index.ts, and no barrel inside', (house) => [
    ...unique(filesUnder(house, 'libs').map(libOf)).filter((lib) => !house.has(`${lib}/src/index.ts`)),
    ...filesUnder(house, 'libs').filter(
      (path) => path.endsWith('/index.ts') && path !== `${libOf(path)}/src/index.ts`,
    ),
  ]),
  houseRule('short-files', `no file over ${longestFile} lines`, (house) =>
    [...house].filter(([, text]) => linesOf(text) > longestFile).map(([path]) => path),
  ),
  houseRule('kebab-case', 'files and folders are kebab-case', (house) =>
    typescriptFiles(house).filter((path) => !wordsOf(path).every((word) => kebab.test(word))),
  ),
  houseRule(
    'no-empty-file-names',
    'Impl, Manager, Helper, Utils, Common, Shared: name what is in it',
    (house) =>
      typescriptFiles(house).filter((path) =>
        wordsOf(path).some((word) =>
          word.split(/-|(?=[A-Z])/).some((part) => emptyWords.has(part.toLowerCase())),
        ),
      ),
  ),
  houseRule(
    'golden-events',
    'each event type has its golden payload, and no golden file is left over',
    (house) => {
      const golden = filesUnder(house, 'libs/events/golden').map((path) => path.split('/').at(-1) ?? '');
      const goldenTypes = golden
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length));
      const types = eventTypes(house);
      return [
        ...types.filter((type) => !goldenTypes.includes(type)),
        ...goldenTypes
          .filter((type) => !types.includes(type))
          .map((type) => `libs/events/golden/${type}.json`),
      ];
    },
  ),
];

/** Source files' lines, sorted: what the median and the longest are read from. */
export const sourceLines = (house: House): number[] =>
  [...house]
    .filter(([path]) => isSource(path))
    .map(([, text]) => linesOf(text))
    .toSorted((a, b) => a - b);

/** The first argument of each `defineEvent('x.v1', …)`; a name without a version is a part of events, no event. */
function eventTypes(house: House): string[] {
  const types: string[] = [];
  for (const [path, text] of house) {
    if (!path.startsWith('libs/events/src/') || isSpec(path)) continue;
    const visit = (node: ts.Node): void => {
      const type = ts.isCallExpression(node) ? node.arguments[0] : undefined;
      const called =
        ts.isCallExpression(node) && ts.isIdentifier(node.expression) ? node.expression.text : '';
      if (called === 'defineEvent' && type && ts.isStringLiteralLike(type) && /\.v\d+$/.test(type.text)) {
        types.push(type.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(parse(path, text));
  }
  return unique(types);
}

const unique = (names: string[]): string[] => [...new Set(names)].toSorted();
const firstOf = (path: string): string => path.split('/', 1).join('');
const filesUnder = (house: House, folder: string): string[] =>
  [...house.keys()].filter((path) => path.startsWith(`${folder}/`));
const typescriptFiles = (house: House): string[] =>
  [...house.keys()].filter((path) => /^(apps|libs|test)\/.*\.ts$/.test(path));
const wordsOf = (path: string): string[] => path.replace(/\.ts$/, '').split(/[/.]/);
const libOf = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('libs/engines/') ? 3 : 2)
    .join('/');
