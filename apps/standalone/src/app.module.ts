import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { CommandApiModule } from '../../command-api/src/app.module';
import { QueryApiModule } from '../../query-api/src/app.module';
import type { Standalone } from './standalone';

/** Every role in one process. */
@Module({})
export class StandaloneModule {
  static with(standalone: Standalone): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [CommandApiModule.with(standalone), QueryApiModule.with(standalone)],
    };
  }
}
