import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROLES } from '#libs/core';
import { ACCESS, accessOf } from './access';
import type { Access, PolicyName } from './access';

const text = readFileSync(join(__dirname, '../../../docs/access.md'), 'utf8');

/** Rows of the page's one table: policy, then a cell a role in the order of its head. */
const [head = [], , ...rows] = text
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );

const policies = Object.keys(ACCESS).filter((name): name is PolicyName => name in ACCESS);

it('is the table of docs/access.md, cell by cell, both ways', () => {
  expect(head).toEqual(['policy', ...ROLES]);
  expect(rows.map(([policy]) => policy)).toEqual(policies);
  const documented = Object.fromEntries(
    rows.map(([policy = '', ...cells]) => [
      policy,
      Object.fromEntries(cells.map((cell, i) => [ROLES[i], cell]).filter(([, cell]) => cell !== '')),
    ]),
  );
  expect(ACCESS).toEqual(documented);
});

it('grants each role its cell and nothing else', () => {
  for (const policy of policies) {
    const row: Partial<Record<string, Access>> = ACCESS[policy];
    for (const role of ROLES) expect(accessOf(policy, [role])).toBe(row[role]);
    expect(accessOf(policy, [])).toBeUndefined();
  }
});

it('lets the strongest of several roles win, in any order', () => {
  expect(accessOf('customers', ['analyst', 'agent'])).toBe('clear');
  expect(accessOf('customers', ['agent', 'analyst'])).toBe('clear');
  expect(accessOf('customers', ['service', 'analyst', 'admin'])).toBe('masked');
  expect(accessOf('history', ['service', 'agent', 'analyst', 'admin'])).toBeUndefined();
});
