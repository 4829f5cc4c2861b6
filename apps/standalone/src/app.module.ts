import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import { CommandApiModule } from '../../command-api/src/app.module';
import { QueryApiModule } from '../../query-api/src/app.module';
import type { Standalone } from './standalone';

/** Closes what the process opened once no request is under way any more. */
class CloseOnShutdown implements OnApplicationShutdown {
  constructor(private readonly close: () => Promise<void>) {}

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** Every role in one process. */
@Module({})
export class StandaloneModule {
  static with(standalone: Standalone, close: () => Promise<void>): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [CommandApiModule.with(standalone.ledger, standalone.keys), QueryApiModule.with(standalone)],
      providers: [{ provide: CloseOnShutdown, useValue: new CloseOnShutdown(close) }],
    };
  }
}
