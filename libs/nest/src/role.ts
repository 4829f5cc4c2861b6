import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { codeOf, EngineError, messageOf } from '#libs/core';
import type { EngineVariables } from '#libs/distributed';
import { ConfigError, readConfig } from './config';
import type { Config, Environment, ProcessRole } from './config';
import type { Authenticator } from './guard';
import { createHttpApp, listen } from './http';
import { createLogger } from './logger';

const VERSION = '0.1.0';

/** What a role runs, once its engines are open. */
export interface Role {
  readonly module: DynamicModule;
  readonly authenticator: Authenticator;
  /** Called when requests are over, before the engines are closed. */
  readonly close: () => Promise<void>;
}

export interface RoleOptions {
  readonly role: ProcessRole;
  /** The process's own: it is `main.ts` that looks at it. */
  readonly env: Environment;
  /** Of a role on the distributed engines. */
  readonly engines?: EngineVariables;
  readonly open: (config: Config, logger: Logger) => Promise<Role>;
  /** Called with the address once it is ours; answers what to tell the person who started it. */
  readonly listening?: (url: string, config: Config) => Promise<string>;
  /** Errors that a person can mend: told in one line, anything else with its stack. */
  readonly clear: readonly (new (...arguments_: never[]) => Error)[];
}

/** Runs a role as this process: configuration, engines, HTTP, signals. A start that fails ends the process with 1. */
export function runRole(options: RoleOptions): void {
  const clear = [ConfigError, EngineError, ...options.clear];
  start(options).catch((error: unknown) => {
    const isClear = clear.some((type) => error instanceof type) || codeOf(error) === 'EADDRINUSE';
    process.stderr.write(`touchstone: ${isClear ? messageOf(error) : stackOf(error)}\n`);
    process.exit(1);
  });
}

async function start({ role, env, engines, open, listening }: RoleOptions): Promise<void> {
  const config = readConfig(env, role, engines);
  const logger = createLogger(config.logLevel);
  const { module, authenticator, close } = await open(config, logger);
  const openApi = { title: 'Touchstone', version: VERSION };
  const app = await createHttpApp(RoleModule.with(module, close), { config, logger, authenticator, openApi });
  const url = await listen(app, config);
  const text = await listening?.(url, config);
  process.stdout.write(`${text ?? `Touchstone ${role} listens at ${url}`}\n`);
}

/** Closes what the process opened once no request is under way any more. */
class CloseOnShutdown implements OnApplicationShutdown {
  constructor(private readonly close: () => Promise<void>) {}

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

@Module({})
class RoleModule {
  static with(module: DynamicModule, close: () => Promise<void>): DynamicModule {
    return {
      module: RoleModule,
      imports: [module],
      providers: [{ provide: CloseOnShutdown, useValue: new CloseOnShutdown(close) }],
    };
  }
}

function stackOf(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? messageOf(error);
}
