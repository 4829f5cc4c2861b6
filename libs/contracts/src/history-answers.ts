import { ApiProperty } from '@nestjs/swagger';
import type { Instant, JsonObject } from '#libs/core';

const instant = { type: String, format: 'date-time' } as const;
const id = { type: String, format: 'uuid' } as const;
const hash = { type: String, pattern: '^[0-9a-f]{64}$' } as const;
const place = { type: 'integer', minimum: 0 } as const;
const next = { type: String, nullable: true } as const;

export class ActorAnswer {
  @ApiProperty({ type: String, enum: ['service', 'user', 'system'] })
  declare readonly kind: string;

  @ApiProperty({ type: String })
  declare readonly id: string;
}

/** An event with its data unsealed. */
export class HistoryEntry {
  @ApiProperty(id)
  declare readonly eventId: string;

  @ApiProperty(place)
  declare readonly revision: number;

  @ApiProperty(place)
  declare readonly position: number;

  @ApiProperty({ type: String, example: 'touchpoint-recorded.v1' })
  declare readonly type: string;

  @ApiProperty(instant)
  declare readonly occurredAt: Instant;

  @ApiProperty(instant)
  declare readonly recordedAt: Instant;

  @ApiProperty({ type: () => ActorAnswer })
  declare readonly actor: ActorAnswer;

  @ApiProperty({ type: String })
  declare readonly purpose: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  declare readonly data: JsonObject;

  @ApiProperty(hash)
  declare readonly leafHash: string;
}

export class HistoryPage {
  @ApiProperty({ type: () => [HistoryEntry] })
  declare readonly items: readonly HistoryEntry[];

  @ApiProperty(next)
  declare readonly next: string | null;
}

/** An event as committed: whoever has it can recompute the chain. */
export class RecordEntry {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Its canonical JSON (RFC 8785) is hashed.',
  })
  declare readonly env: JsonObject;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', format: 'byte' },
    description: 'Sealed blobs by JSON Pointer of their hash in `env`, base64.',
  })
  declare readonly sealed: Readonly<Record<string, string>>;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Its canonical JSON is the leaf.' })
  declare readonly leaf: JsonObject;

  @ApiProperty(hash)
  declare readonly leafHash: string;

  @ApiProperty(place)
  declare readonly position: number;
}

export class RecordPage {
  @ApiProperty({ type: () => [RecordEntry] })
  declare readonly items: readonly RecordEntry[];

  @ApiProperty(next)
  declare readonly next: string | null;
}
