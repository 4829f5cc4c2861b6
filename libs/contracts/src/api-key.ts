import { ROLES } from '#libs/core';
import type { Instant, Role } from '#libs/core';
import { CommandMessage } from './command-message';
import { Field, OptionalField } from './field';
import { instant } from './instant';
import { listOf, oneOf, text } from './rule';

export class CreateApiKey extends CommandMessage {
  @Field(text({ min: 1, max: 1024 }))
  declare readonly name: string;

  @Field(listOf(oneOf(ROLES), { min: 1, max: ROLES.length }))
  declare readonly roles: readonly Role[];

  @OptionalField(instant)
  declare readonly expiresAt?: Instant;
}
