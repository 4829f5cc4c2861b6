import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineVariables } from '#libs/distributed';
import { ConfigError, readConfig } from '#libs/nest';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Rows of the page's table: name, default, roles, meaning. */
const rows = read('docs/configuration.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const documented = rows.map(([name = '']) => name.replaceAll('`', ''));

function refusal(env: Record<string, string>): string {
  try {
    readConfig(env, 'query-api', engineVariables);
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

it('lists every name that the configuration reads', () => {
  const common = read('libs/nest/src/config.ts').match(/\b(?:TOUCHSTONE_[A-Z_]+|PORT)\b/g) ?? [];
  const names = new Set([...common, ...engineVariables.names]);
  expect(documented.toSorted()).toEqual([...names].filter((name) => name !== 'TOUCHSTONE_').toSorted());
});

it('lists no name that is not known', () => {
  expect(refusal({ TOUCHSTONE_X: 'x' })).toContain('TOUCHSTONE_X is not a name');
  for (const name of documented) expect(refusal({ [name]: '' })).not.toContain('is not a name');
});

it('has the defaults that the configuration has', () => {
  const { port, host, logLevel, dataDirectory, rootKeyFile } = readConfig({});
  const defaults = Object.fromEntries(rows.map(([name, value = '']) => [name, value.replaceAll('`', '')]));
  expect(defaults['`PORT`']).toBe(String(port));
  expect(defaults['`TOUCHSTONE_HOST`']).toBe(host);
  expect(defaults['`TOUCHSTONE_LOG_LEVEL`']).toBe(logLevel);
  expect(join(process.cwd(), defaults['`TOUCHSTONE_DATA`'] ?? '')).toBe(dataDirectory);
  expect(defaults['`TOUCHSTONE_ROOT_KEY_FILE`']?.replace('<data directory>', dataDirectory)).toBe(
    rootKeyFile,
  );
});
