import type * as domain from '#libs/domain';
import type * as events from '#libs/events';
import { attributes } from './attributes';
import { CommandMessage, source } from './command-message';
import { Field, OptionalField, PathField } from './field';
import { identifier, identifiers, identifierValue } from './identifier';
import { code, text, uuid } from './rule';

const name = text({ min: 1, max: 1024 });

export class RegisterCustomer extends CommandMessage implements domain.RegisterCustomer {
  @Field(identifiers)
  declare readonly identifiers: readonly events.Identifier[];

  @OptionalField(name)
  declare readonly name?: string;

  @OptionalField(attributes)
  declare readonly attributes?: domain.Attributes;

  @OptionalField(source)
  declare readonly source?: domain.Source;
}

export class ChangeProfile extends CommandMessage implements domain.ChangeProfile {
  @PathField(uuid)
  declare readonly customerId: string;

  @OptionalField(name)
  declare readonly name?: string;

  @OptionalField(attributes)
  declare readonly attributes?: domain.Attributes;

  @OptionalField(text())
  declare readonly reason?: string;
}

export class LinkIdentifier extends CommandMessage implements domain.LinkIdentifier {
  @PathField(uuid)
  declare readonly customerId: string;

  @Field(code, { example: 'email' })
  declare readonly type: string;

  @Field(identifierValue, { example: 'jane@example.com' })
  declare readonly value: string;
}

export class UnlinkIdentifier extends CommandMessage implements domain.UnlinkIdentifier {
  @PathField(uuid)
  declare readonly customerId: string;

  @Field(code, { example: 'email' })
  declare readonly type: string;

  @Field(identifierValue, { example: 'jane@example.com' })
  declare readonly value: string;
}

/** A question, asked in a body: identifiers never travel in a URL. */
export class LookupCustomer extends CommandMessage {
  @Field(identifier)
  declare readonly identifier: events.Identifier;
}
