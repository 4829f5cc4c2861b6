import { ApiProperty } from '@nestjs/swagger';
import type { Instant, JsonObject } from '#libs/core';
import { CommandMessage } from './command-message';
import { Field } from './field';
import { instant } from './instant';
import { oneOf } from './rule';

const id = { type: String, format: 'uuid' } as const;
const at = { type: String, format: 'date-time' } as const;
const free = { type: 'object', additionalProperties: true } as const;

export const MODEL_KINDS = ['rfm'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

/** Fits a model to what had been bought before `asOf`. */
export class FitModel extends CommandMessage {
  @Field(oneOf(MODEL_KINDS))
  declare readonly kind: ModelKind;

  @Field(instant, { description: 'Purchases and refunds that occurred before it count.' })
  declare readonly asOf: Instant;
}

export class ModelFitted {
  @ApiProperty(id)
  declare readonly modelId: string;

  @ApiProperty({ type: String, enum: MODEL_KINDS })
  declare readonly kind: ModelKind;

  @ApiProperty(at)
  declare readonly asOf: Instant;

  @ApiProperty({
    ...free,
    description: '`edges`, `table` (cell to segment), `through` (position), `currency`, `population`.',
  })
  declare readonly parameters: JsonObject;
}

export class ModelInfo extends ModelFitted {
  @ApiProperty(at)
  declare readonly fittedAt: Instant;

  @ApiProperty({ type: [String] })
  declare readonly activatedAt: readonly Instant[];

  @ApiProperty({ type: Boolean, description: 'Whether it was the last to be activated.' })
  declare readonly active: boolean;
}

export class ModelPage {
  @ApiProperty({ type: () => [ModelInfo] })
  declare readonly items: readonly ModelInfo[];

  @ApiProperty({ type: String, nullable: true, description: 'Always null: models are few.' })
  declare readonly next: null;
}
