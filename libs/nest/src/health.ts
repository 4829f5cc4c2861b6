import { Controller, Get, Injectable, Res } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse } from '@nestjs/swagger';
import type { JsonObject } from '#libs/core';
import type { ApiReply } from './request';
import { Open } from './policy';
import { PROBLEMS } from './problems';

export interface HealthResult {
  readonly ok: boolean;
  /** Shown to everybody: names, counts and lags; no personal data, no addresses. */
  readonly details?: JsonObject;
}

/** One thing that must work before requests are welcome. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<HealthResult>;
}

/** Token under which modules provide an array of HealthCheck; all arrays of all modules are asked. */
export const HEALTH_CHECKS = Symbol('HEALTH_CHECKS');

const CHECK_TIMEOUT_MS = 2_000;
const { retryAfterS: RETRY_AFTER_S } = PROBLEMS.unavailable;

/** Whether the process is on its way out. */
@Injectable()
export class Lifecycle {
  stopping = false;
}

export interface Readiness {
  readonly status: 'ready' | 'failing' | 'stopping';
  readonly checks: Readonly<Record<string, JsonObject & { readonly ok: boolean }>>;
}

const readinessSchema = {
  type: 'object',
  required: ['status', 'checks'],
  properties: {
    status: { type: 'string', enum: ['ready', 'failing', 'stopping'] },
    checks: {
      type: 'object',
      additionalProperties: { type: 'object', required: ['ok'], properties: { ok: { type: 'boolean' } } },
    },
  },
};

@Controller('health')
@Open()
export class HealthController {
  #checks: readonly HealthCheck[] | undefined;

  constructor(
    private readonly modules: ModuleRef,
    private readonly lifecycle: Lifecycle,
  ) {}

  @Get('live')
  @ApiOperation({ summary: 'The process runs', tags: ['operations'] })
  @ApiOkResponse({ schema: { type: 'object', properties: { status: { type: 'string', enum: ['live'] } } } })
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Requests are welcome; with the lag of each projection group',
    tags: ['operations'],
  })
  @ApiOkResponse({ schema: readinessSchema })
  @ApiServiceUnavailableResponse({
    schema: readinessSchema,
    headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
  })
  async ready(@Res({ passthrough: true }) reply: ApiReply): Promise<Readiness> {
    this.#checks ??= findChecks(this.modules);
    const results = await Promise.all(this.#checks.map(runCheck));
    const failing = results.some(([, { ok }]) => !ok);
    const status = this.lifecycle.stopping ? 'stopping' : failing ? 'failing' : 'ready';
    if (status !== 'ready') reply.status(503).header('retry-after', String(RETRY_AFTER_S));
    return { status, checks: Object.fromEntries(results) };
  }
}

function findChecks(modules: ModuleRef): readonly HealthCheck[] {
  try {
    const options = { strict: false, each: true } as const;
    return modules.get<unknown, readonly HealthCheck[]>(HEALTH_CHECKS, options).flat();
  } catch {
    return []; // Nest throws where no module provides the token
  }
}

/** A check that throws or hangs has failed; what it threw is not for strangers. */
async function runCheck(check: HealthCheck): Promise<[string, JsonObject & { readonly ok: boolean }]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<HealthResult>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, details: { timedOut: true } }), CHECK_TIMEOUT_MS);
  });
  try {
    const { ok, details } = await Promise.race([check.check(), late]);
    return [check.name, { ...details, ok }];
  } catch {
    return [check.name, { ok: false }];
  } finally {
    clearTimeout(timer);
  }
}
