import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFixtures, readGround, writeTree } from './fixture';

const repository = join(__dirname, '..', '..');
const config = join(repository, '.dependency-cruiser.cjs');

// `npm run check:boundaries` holds the house itself to these rules; here each rule is seen to fail.
describe('import rules', () => {
  const fixtures = readFixtures('imports');
  const trees = realpathSync(mkdtempSync(join(tmpdir(), 'touchstone-imports-')));
  const treeOf = (rule: string) => join(trees, rule);
  let found: Record<string, string[]> = {};

  beforeAll(() => {
    const ground = readGround();
    for (const { rule, files } of fixtures) writeTree(treeOf(rule), new Map([...ground, ...files]));
    const paths = fixtures.map(({ rule }) => treeOf(rule));
    const output = execFileSync(process.execPath, [join(__dirname, 'cruise.mjs'), config, ...paths], {
      encoding: 'utf8',
    });
    found = JSON.parse(output);
  }, 60_000);

  afterAll(() => rmSync(trees, { recursive: true, force: true }));

  test('every rule has a fixture, every fixture a rule', () => {
    const { forbidden }: { forbidden: { name: string }[] } = require(config);
    expect(fixtures.map(({ rule }) => rule)).toEqual(forbidden.map(({ name }) => name).toSorted());
  });

  test.each(fixtures)('$rule fires on its fixture, and nothing else does', ({ rule, expected }) => {
    expect(expected.length).toBeGreaterThan(0);
    expect(found[treeOf(rule)]).toEqual(expected.map((edge) => `${rule}: ${edge}`));
  });
});
