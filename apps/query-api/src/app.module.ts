import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { EventLog } from '#libs/core';
import { HEALTH_CHECKS } from '#libs/nest';
import { AsOf, History, Metrics, Models, ProjectionAdmin, Reader, Segments } from '#libs/runtime';
import { AsyncApiController, EventTopic } from './asyncapi.controller';
import { CustomerQueriesController } from './customers.controller';
import { FeedController } from './feed.controller';
import { HistoryController } from './history.controller';
import { LogOf } from './log-of';
import { MetricsController } from './metrics.controller';
import { ModelQueriesController } from './models.controller';
import { projectionCheck } from './projection-check';
import { ProjectionMetrics } from './projection-metrics';
import { ProjectionsController } from './projections.controller';
import { SegmentsController } from './segments.controller';
import { StateController } from './state.controller';

export interface QuerySide {
  readonly log: EventLog;
  readonly reader: Reader;
  readonly history: History;
  readonly models: Models;
  readonly asOf: AsOf;
  readonly admin: ProjectionAdmin;
  /** Of Kafka, where it is not the default one. */
  readonly topic?: string | undefined;
}

/** The HTTP read side, on the read models and the log that a process gives it. */
@Module({})
export class QueryApiModule {
  static with({ log, reader, history, models, asOf, admin, topic }: QuerySide): DynamicModule {
    return {
      module: QueryApiModule,
      controllers: [
        CustomerQueriesController,
        HistoryController,
        StateController,
        SegmentsController,
        MetricsController,
        ModelQueriesController,
        FeedController,
        ProjectionsController,
        AsyncApiController,
      ],
      providers: [
        { provide: EventTopic, useValue: new EventTopic(topic) },
        { provide: LogOf, useValue: new LogOf(log) },
        { provide: Reader, useValue: reader },
        { provide: History, useValue: history },
        { provide: Models, useValue: models },
        { provide: AsOf, useValue: asOf },
        { provide: Segments, useValue: new Segments(reader) },
        { provide: Metrics, useValue: new Metrics(reader) },
        { provide: ProjectionAdmin, useValue: admin },
        { provide: HEALTH_CHECKS, useValue: [projectionCheck(admin)] },
        ProjectionMetrics,
      ],
    };
  }
}
