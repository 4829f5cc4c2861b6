import { MAX_KEY_NAME_LENGTH, ROLES } from '#libs/core';
import type { Instant, Role } from '#libs/core';
import { CommandMessage } from './command-message';
import { Field, OptionalField } from './field';
import { instant } from './instant';
import { listOf, oneOf, REFUSED, simple, text } from './rule';
import type { Rule } from './rule';

const anyName = text({ min: 1, max: MAX_KEY_NAME_LENGTH });

/** The runtime refuses the same, without saying where. */
const keyName: Rule<string> = simple(
  'keyName',
  { ...anyName.schema, pattern: '\\S' },
  `must be well-formed text of 1 to ${MAX_KEY_NAME_LENGTH} characters, not all of them blank`,
  (value) => {
    const name = anyName.read(value, {});
    return name === REFUSED || name.trim() === '' ? REFUSED : name;
  },
);

export class CreateApiKey extends CommandMessage {
  @Field(keyName)
  declare readonly name: string;

  @Field(listOf(oneOf(ROLES), { min: 1, max: ROLES.length }))
  declare readonly roles: readonly Role[];

  @OptionalField(instant)
  declare readonly expiresAt?: Instant;
}
