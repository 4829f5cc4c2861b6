import { Controller, Get, Header, Injectable } from '@nestjs/common';
import { ApiOperation, ApiProduces } from '@nestjs/swagger';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { Policy } from './policy';

const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface MetricName {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** Prometheus metrics of one app, with those of the process. Labels are codes and route patterns, never ids of people. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  readonly #requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests by route pattern',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS_S,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** A function for one route, so that labels are put together once a status and not once a request. */
  requestsOf(method: string, route: string): (status: number, durationMs: number) => void {
    const children = new Map<number, { observe(value: number): void }>();
    return (status, durationMs) => {
      let child = children.get(status);
      if (child === undefined) {
        child = this.#requests.labels(method, route, String(status));
        children.set(status, child);
      }
      child.observe(durationMs / 1_000);
    };
  }

  counter({ name, help, labels = [] }: MetricName): Counter {
    return new Counter({ name, help, labelNames: [...labels], registers: [this.registry] });
  }

  /** `collect` is called for each scrape: for values that something else keeps. */
  gauge({ name, help, labels = [] }: MetricName, collect?: (gauge: Gauge) => void | Promise<void>): Gauge {
    return new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.registry],
      ...(collect === undefined
        ? {}
        : {
            collect(this: Gauge): void | Promise<void> {
              return collect(this);
            },
          }),
    });
  }
}

@Controller()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get('metrics')
  @Policy('openapi')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiProduces('text/plain')
  @ApiOperation({ summary: 'Prometheus metrics of this process', tags: ['operations'] })
  scrape(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
