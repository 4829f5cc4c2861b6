import { resolve } from 'node:path';
import type { DistributedOptions, EngineVariables } from '#libs/distributed';
import { CliError } from './verb';

type Environment = Readonly<Record<string, string | undefined>>;

/** The ledger on distributed engines that a verb is for: the same names as the roles read. Throws one line that names every fault. */
export function distributedTarget(
  variables: EngineVariables,
  env: Environment,
  dataDirectory: string,
): DistributedOptions {
  const faults: string[] = [];
  const value = (name: string): string | undefined => env[name] || undefined;
  const addresses = variables.read(value, (text) => faults.push(text));
  if (faults.length > 0) throw new CliError(`the distributed engines are not known: ${faults.join('; ')}`);
  // The root key stays the ledger's: the roles need the same file.
  const rootKeyFile = resolve(value('TOUCHSTONE_ROOT_KEY_FILE') ?? `${dataDirectory}.key`);
  return { ...addresses, rootKeyFile, dataDirectory };
}
