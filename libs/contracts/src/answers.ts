import { ApiProperty } from '@nestjs/swagger';
import type { Instant } from '#libs/core';

const instant = { type: String, format: 'date-time' } as const;
const id = { type: String, format: 'uuid' } as const;
const count = { type: 'integer', minimum: 0 } as const;

/** Of one event that is in the ledger. */
export class Receipt {
  @ApiProperty(id)
  declare readonly eventId: string;

  @ApiProperty(id)
  declare readonly customerId: string;

  @ApiProperty({ ...count, description: "Place of the event in the customer's stream, from 0." })
  declare readonly revision: number;

  @ApiProperty({ ...count, description: 'Place in the whole ledger: ordered, not countable.' })
  declare readonly position: number;

  @ApiProperty({ pattern: '^[0-9a-f]{64}$', type: String })
  declare readonly leafHash: string;

  @ApiProperty(instant)
  declare readonly recordedAt: Instant;
}

/** Of an accepted command. */
export class ReceiptAnswer extends Receipt {
  @ApiProperty({
    type: () => [Receipt],
    required: false,
    description: 'All events, where there are several.',
  })
  declare readonly events?: readonly Receipt[];
}

export class ProblemFault {
  @ApiProperty({ type: String, description: 'JSON Pointer (RFC 6901).' })
  declare readonly pointer: string;

  @ApiProperty({ type: String })
  declare readonly message: string;
}

/** RFC 9457, `application/problem+json`. */
export class Problem {
  @ApiProperty({ type: String, format: 'uri-reference' })
  declare readonly type: string;

  @ApiProperty({ type: String })
  declare readonly title: string;

  @ApiProperty({ type: 'integer' })
  declare readonly status: number;

  @ApiProperty({ type: String })
  declare readonly detail: string;

  @ApiProperty({ type: String, description: 'Stable; listed in docs/errors.md.' })
  declare readonly code: string;

  @ApiProperty({ type: () => [ProblemFault], required: false })
  declare readonly errors?: readonly ProblemFault[];
}

export class BulkError {
  @ApiProperty({ type: 'integer', minimum: 1 })
  declare readonly line: number;

  @ApiProperty({ type: String })
  declare readonly code: string;

  @ApiProperty({ type: String })
  declare readonly detail: string;
}

export class BulkResult {
  @ApiProperty(count)
  declare readonly accepted: number;

  @ApiProperty(count)
  declare readonly duplicates: number;

  @ApiProperty(count)
  declare readonly rejected: number;

  @ApiProperty({ type: () => [BulkError], description: 'The first 1,000.' })
  declare readonly errors: readonly BulkError[];
}

export class ApiKeyAnswer {
  @ApiProperty({ type: String })
  declare readonly keyId: string;

  @ApiProperty({ type: String })
  declare readonly name: string;

  @ApiProperty({ type: [String] })
  declare readonly roles: readonly string[];

  @ApiProperty(instant)
  declare readonly createdAt: Instant;

  @ApiProperty({ ...instant, required: false })
  declare readonly expiresAt?: Instant;
}

export class ApiKeyCreated extends ApiKeyAnswer {
  @ApiProperty({ type: String, description: 'Shown this once; only its hash is kept.' })
  declare readonly key: string;
}

export class ApiKeyPage {
  @ApiProperty({ type: () => [ApiKeyAnswer] })
  declare readonly items: readonly ApiKeyAnswer[];

  @ApiProperty({ type: String, nullable: true, description: 'Always null: there are few keys.' })
  declare readonly next: null;
}

export class ParkedCustomer {
  @ApiProperty(id)
  declare readonly customerId: string;

  @ApiProperty({ type: 'integer', minimum: -1, description: 'Of the last event that was folded.' })
  declare readonly revision: number;

  @ApiProperty({ ...instant, description: 'When the event was recorded that cannot be folded.' })
  declare readonly since: Instant;

  @ApiProperty({ type: String })
  declare readonly reason: string;
}

export class ProjectionStatus {
  @ApiProperty({ type: String })
  declare readonly name: string;

  @ApiProperty({ type: 'integer' })
  declare readonly version: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    required: false,
    description: 'Fitted model that it folds with.',
  })
  declare readonly model?: string;

  @ApiProperty({ type: String })
  declare readonly group: string;

  @ApiProperty(count)
  declare readonly lagEvents: number;

  @ApiProperty({ type: Number, minimum: 0 })
  declare readonly lagSeconds: number;

  @ApiProperty({ ...count, description: 'Customers that are parked; `parked` names the first of them.' })
  declare readonly parkedCount: number;

  @ApiProperty({ type: () => [ParkedCustomer] })
  declare readonly parked: readonly ParkedCustomer[];
}

export class RebuildAccepted {
  @ApiProperty(id)
  declare readonly rebuildId: string;
}

export class RebuildStatus {
  @ApiProperty(id)
  declare readonly rebuildId: string;

  @ApiProperty({ type: [String] })
  declare readonly projections: readonly string[];

  @ApiProperty({ type: String, enum: ['building', 'following', 'comparing', 'done', 'failed'] })
  declare readonly state: string;

  @ApiProperty({ type: Number, minimum: 0, maximum: 1, description: 'Share of the log that is folded.' })
  declare readonly progress: number;

  @ApiProperty(count)
  declare readonly events: number;

  @ApiProperty({
    type: Object,
    required: false,
    description: 'How the new documents compare with those that were served: compared, differing, examples.',
  })
  declare readonly parity?: object;

  @ApiProperty({ ...count, required: false, description: 'Customers still parked after another try.' })
  declare readonly parked?: number;

  @ApiProperty({ type: String, required: false })
  declare readonly fault?: string;
}

export class VerificationAccepted {
  @ApiProperty(id)
  declare readonly verificationId: string;
}

export class VerificationStatus {
  @ApiProperty(id)
  declare readonly verificationId: string;

  @ApiProperty({ type: String, enum: ['ledger', 'readmodels'] })
  declare readonly scope: string;

  @ApiProperty({ type: String, enum: ['running', 'done', 'failed'] })
  declare readonly state: string;

  @ApiProperty(count)
  declare readonly events: number;

  @ApiProperty({ type: Boolean, required: false, description: 'True where nothing differs.' })
  declare readonly ok?: boolean;

  @ApiProperty({
    type: Object,
    required: false,
    description: 'Of the ledger: streams, events, faultCount and the first faults.',
  })
  declare readonly ledger?: object;

  @ApiProperty({
    type: Object,
    required: false,
    description: 'Of the read models: compared, differing, examples.',
  })
  declare readonly readModels?: object;

  @ApiProperty({ type: String, required: false })
  declare readonly fault?: string;
}
