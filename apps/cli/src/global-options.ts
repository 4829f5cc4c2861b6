import { UsageError } from './verb';

/** Options that every verb takes, before or after its name. */
export interface GlobalOptions {
  readonly data?: string;
  readonly url?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly json: boolean;
  readonly help: boolean;
}

const VALUES = { '--data': 'data', '--url': 'url', '--key': 'key', '--key-file': 'keyFile' } as const;
const FLAGS = { '--json': 'json', '--help': 'help', '-h': 'help' } as const;

/** Options of a verb that mean something else than those of all verbs. */
const OWN: Readonly<Record<string, readonly string[]>> = { bench: ['--data'] };

/** Takes them out wherever they stand; `rest` is the verb and what is its own. After `--` nothing is an option. */
export function takeGlobalOptions(args: readonly string[]): {
  readonly options: GlobalOptions;
  readonly rest: string[];
} {
  const values: { -readonly [Name in (typeof VALUES)[keyof typeof VALUES]]?: string } = {};
  const flags = { json: false, help: false };
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      rest.push(...args.slice(i));
      break;
    }
    const [name = '', given] = arg.startsWith('--') ? splitAtEquals(arg) : [arg];
    if (isIn(VALUES, name) && OWN[rest[0] ?? '']?.includes(name) !== true) {
      const value = given ?? args[++i];
      if (value === undefined || value === '') throw new UsageError(`${name} needs a value`);
      values[VALUES[name]] = value;
    } else if (isIn(FLAGS, arg)) flags[FLAGS[arg]] = true;
    else rest.push(arg);
  }
  checkServer(values);
  return { options: { ...values, ...flags }, rest };
}

/** Ignoring one of two that contradict each other would send commands to a ledger that was not meant. */
function checkServer({ data, url, key, keyFile }: Partial<GlobalOptions>): void {
  if (key !== undefined && keyFile !== undefined) throw new UsageError('give --key or --key-file, not both');
  if (url !== undefined && data !== undefined) throw new UsageError('give --url or --data, not both');
  const keyed = key !== undefined || keyFile !== undefined;
  if (keyed && url === undefined) throw new UsageError('a key is for another server: name it with --url');
  if (url === undefined) return;
  if (!keyed) throw new UsageError('--url needs --key or --key-file');
  if (!/^https?:\/\/[^\s/@]+(\/[^\s?#]*)?$/.test(url)) {
    throw new UsageError('--url is an address like https://ledger.example.com');
  }
}

function splitAtEquals(arg: string): readonly string[] {
  const at = arg.indexOf('=');
  return at === -1 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function isIn<Table extends object>(table: Table, name: PropertyKey): name is keyof Table {
  return Object.hasOwn(table, name);
}
