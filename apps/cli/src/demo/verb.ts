import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { postBulk } from '../bench/bulk-stream';
import { freePort, startServer } from '../bench/child-server';
import type { ChildServer } from '../bench/child-server';
import { CleanUp } from '../bench/clean-up';
import { caughtUp, lagOf } from '../bench/lag';
import { grouped, rate } from '../import/progress';
import { CliError, EXIT_OK, UsageError } from '../verb';
import type { Verb, VerbContext } from '../verb';
import { tellAfterwards } from './afterwards';
import { companyOf, DEFAULT_CUSTOMERS, DEFAULT_SEED } from './company';
import { fitAndActivate } from './model';
import { customerText, overviewText } from './overview';
import { tourText } from './tour';

const DEFAULT_PORT = 3000;
const LINES_A_BLOCK = 200;
const KEY_BYTES = 24;

const usage = `touchstone demo [--customers <n>] [--seed <n>] [--keep] [--exit]

Starts a ledger on a temporary directory, fills it over its public API with three years of an invented shop, fits and
activates segments, says what to look at, and runs until it is told to stop. The same seed gives the same shop.

  --customers <n>  how many, ${DEFAULT_CUSTOMERS} where it is not said
  --seed <n>       another shop than number ${DEFAULT_SEED}
  --keep           leaves the data directory there in the end
  --exit           ends when everything has been told, with exit code 0

It listens at PORT, or ${DEFAULT_PORT}, or where that is taken at any free port.
`;

interface Options {
  readonly customers: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly exit: boolean;
}

export const demoVerb: Verb = {
  name: 'demo',
  summary: 'an invented shop to look around in',
  usage,
  async run(args, context) {
    const options = parse(args);
    const stop = new Stop();
    const cleanUp = new CleanUp(stop.now);
    try {
      const filled = show(options, context, cleanUp);
      // Whoever is tired of waiting while it fills is not kept; what still fills then fails unheard.
      filled.catch(() => undefined);
      const server = await Promise.race([filled, stop.asked]);
      if (server !== undefined && !options.exit) await stop.asked;
      await server?.stop();
    } finally {
      cleanUp.run();
    }
    return EXIT_OK;
  },
};

/** The end of the demo is asked for by a signal, and is no fault. */
class Stop {
  now = (): void => undefined;
  readonly asked = new Promise<undefined>((resolve) => {
    this.now = () => resolve(undefined);
  });
}

async function show(options: Options, context: VerbContext, cleanUp: CleanUp): Promise<ChildServer> {
  const { stdout, stderr } = context;
  const place = cleanUp.directory('touchstone-demo', { keep: options.keep });
  const directory = join(place, 'data');
  const key = randomBytes(KEY_BYTES).toString('hex');
  stderr.write('making up a shop ...\n');
  const { people, lines } = companyOf(options.seed, options.customers);
  const [person] = people;
  if (person === undefined) throw new UsageError('--customers must be at least 1');
  const port = await chosenPort();
  const server = await startServer({ directory, key, cleanUp, port });
  const connection = { url: server.url, key, close: () => server.stop() };
  stderr.write(`telling the ledger ${grouped(lines.length)} things ...\n`);
  const { elapsedMs } = await postBulk(connection, lines.length, blocksOf(lines));
  const example = await tellAfterwards(connection, people);
  stderr.write(
    `told, ${grouped(rate(lines.length, elapsedMs))}/s; read models follow, ${await lagOf(connection)} to go ...\n`,
  );
  await caughtUp(connection);
  stderr.write('fitting and activating segments ...\n');
  await fitAndActivate(connection, context);
  const overview = await overviewText(connection);
  const aboutExample = await customerText(connection, example.customerId);
  const tour = {
    url: server.url,
    key,
    directory,
    kept: options.keep,
    person,
    example,
    overview,
    aboutExample,
  };
  stdout.write(tourText({ ...tour, customers: people.length, lines: lines.length }));
  if (!options.exit) stderr.write('Ctrl-C ends it.\n');
  return server;
}

function blocksOf(lines: readonly string[]): () => string | undefined {
  let at = 0;
  return () => {
    if (at >= lines.length) return undefined;
    const block = lines.slice(at, at + LINES_A_BLOCK);
    at += LINES_A_BLOCK;
    return `${block.join('\n')}\n`;
  };
}

/** Where nobody said which, somebody else's server is no obstacle. */
async function chosenPort(): Promise<number> {
  const { PORT } = process.env;
  if (PORT !== undefined && PORT !== '') {
    return freePort(Number(PORT)).catch((cause: unknown) => {
      throw new CliError(`PORT ${PORT} cannot be had`, { cause });
    });
  }
  return freePort(DEFAULT_PORT).catch(() => freePort());
}

function parse(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      customers: { type: 'string' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
      exit: { type: 'boolean', default: false },
    },
  });
  const { keep, exit } = values;
  const customers = whole('--customers', values.customers, DEFAULT_CUSTOMERS);
  return { customers, seed: whole('--seed', values.seed, DEFAULT_SEED), keep, exit };
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`${name} must be a whole number from 1 to 999999`);
  return Number(text);
}
