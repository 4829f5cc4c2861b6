import { ApiProperty } from '@nestjs/swagger';
import type { Instant } from '#libs/core';

const id = { type: String, format: 'uuid' } as const;
const at = { type: String, format: 'date-time' } as const;
const next = {
  type: String,
  nullable: true,
  description: 'The cursor of the next page; null where this is the last.',
} as const;

export class SegmentModel {
  @ApiProperty({ type: String })
  declare readonly kind: string;

  @ApiProperty({ ...id, description: 'Id of the fitted model.' })
  declare readonly version: string;
}

export class Segment {
  @ApiProperty({ type: String, example: 'at-risk' })
  declare readonly segmentId: string;

  @ApiProperty({ type: String, example: 'At risk' })
  declare readonly name: string;

  @ApiProperty({ type: () => SegmentModel })
  declare readonly model: SegmentModel;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Customers in it now.' })
  declare readonly size: number;
}

export class SegmentPage {
  @ApiProperty({ type: () => [Segment] })
  declare readonly items: readonly Segment[];

  @ApiProperty({ type: String, nullable: true, description: 'Always null: segments are few.' })
  declare readonly next: null;
}

export class SegmentMember {
  @ApiProperty(id)
  declare readonly customerId: string;

  @ApiProperty({ ...at, description: 'When the event occurred that moved the customer into it.' })
  declare readonly since: Instant;

  @ApiProperty({ type: String, example: 'r5 f4 m5: champions' })
  declare readonly reason: string;
}

export class SegmentMemberPage {
  @ApiProperty({ type: () => [SegmentMember] })
  declare readonly items: readonly SegmentMember[];

  @ApiProperty(next)
  declare readonly next: string | null;
}

export class SegmentMove {
  @ApiProperty({ ...at, description: 'When the event occurred that moved the customer.' })
  declare readonly at: Instant;

  @ApiProperty(id)
  declare readonly customerId: string;

  @ApiProperty({ type: String, enum: ['joined', 'left'] })
  declare readonly change: 'joined' | 'left';

  @ApiProperty({ type: String, nullable: true, description: 'The segment left for this one, or gone to.' })
  declare readonly other: string | null;

  @ApiProperty(id)
  declare readonly eventId: string;
}

export class SegmentMovePage {
  @ApiProperty({ type: () => [SegmentMove] })
  declare readonly items: readonly SegmentMove[];

  @ApiProperty(next)
  declare readonly next: string | null;
}
