import { Controller, Get, Module } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Lifecycle } from './health';
import { createHttpApp } from './http';
import { createLogger } from './logger';
import { Policy } from './policy';
import { stopGracefully, stopOnSignals } from './shutdown';

const logger = createLogger('silent');
const log: string[] = [];
let release: () => void = () => undefined;
let arrived: () => void = () => undefined;

@Controller('v1')
class Slow implements OnModuleDestroy {
  @Get('slow')
  @Policy('commands')
  async slow(): Promise<string> {
    await new Promise<void>((resolve) => {
      release = resolve;
      arrived();
    });
    log.push('answered');
    return 'done';
  }

  onModuleDestroy(): void {
    log.push('modules end');
  }
}

@Module({ controllers: [Slow] })
class SlowModule {}

async function givenRequestInFlight() {
  log.splice(0);
  const app: NestFastifyApplication = await createHttpApp(SlowModule, {
    config: { logLevel: 'silent' },
    logger,
    authenticator: { authenticate: () => ({ keyId: 'key_x', roles: ['agent'] }) },
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const entered = new Promise<void>((resolve) => (arrived = resolve));
  const answer = fetch(`${url}/v1/slow`, { headers: { authorization: 'Bearer x' } });
  await entered;
  return { app, url, answer };
}

it('lets a request in flight finish before modules end, and takes no new one', async () => {
  const { app, url, answer } = await givenRequestInFlight();
  const lifecycle = app.get(Lifecycle);
  const stopped = stopGracefully(app, { lifecycle, logger });
  expect(lifecycle.stopping).toBe(true);
  await expect(fetch(`${url}/health/live`)).rejects.toThrow('fetch failed');
  release();
  expect(await (await answer).text()).toBe('done');
  await stopped;
  expect(log).toEqual(['answered', 'modules end']);
});

it('does not wait for ever', async () => {
  const { app, answer } = await givenRequestInFlight();
  const cut = answer.catch((error: unknown) => error);
  await stopGracefully(app, { lifecycle: app.get(Lifecycle), logger, graceMs: 20 });
  expect(await cut).toMatchObject({ name: 'TypeError', message: 'fetch failed' });
  expect(log).toEqual(['modules end']);
  release();
});

it('ends without what can’t be closed', async () => {
  const { app, answer } = await givenRequestInFlight();
  release();
  await answer;
  const stuck = { getHttpServer: () => app.getHttpServer(), close: () => new Promise<void>(() => undefined) };
  const options = { lifecycle: app.get(Lifecycle), logger, closingMs: 20 };
  await expect(stopGracefully(stuck, options)).rejects.toThrow('not closed within 20 ms');
  await app.close();
});

class Host {
  readonly handlers = new Map<string, (signal: string) => void>();
  readonly exits: number[] = [];
  exited: () => void = () => undefined;

  on(name: string, handler: (signal: string) => void): this {
    this.handlers.set(name, handler);
    return this;
  }

  exit(code: number): void {
    this.exits.push(code);
    this.exited();
  }
}

it('stops on the first signal and exits on the second', async () => {
  const { app, answer } = await givenRequestInFlight();
  const cut = answer.catch((error: unknown) => error);
  const host = new Host();
  const exited = new Promise<void>((resolve) => (host.exited = resolve));
  const options = { lifecycle: app.get(Lifecycle), logger, graceMs: 50 };
  stopOnSignals(app, { ...options, host: host as unknown as NodeJS.Process });
  host.handlers.get('SIGTERM')?.('SIGTERM');
  expect(host.exits).toEqual([]);
  host.handlers.get('SIGINT')?.('SIGINT');
  expect(host.exits).toEqual([1]);
  await exited;
  expect(await cut).toMatchObject({ name: 'TypeError', message: 'fetch failed' });
  release();
  while (host.exits.length < 2) await new Promise(setImmediate);
  expect(host.exits).toEqual([1, 0]);
});
