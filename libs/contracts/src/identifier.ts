import type * as domain from '#libs/domain';
import { MAX_IDENTIFIERS } from '#libs/events';
import type * as events from '#libs/events';
import { Field, OptionalField } from './field';
import { code, exactlyOne, listOf, object, REFUSED, text, uuid } from './rule';
import type { Rule } from './rule';

export const MAX_VALUE_LENGTH = 1024;

const anyValue = text({ min: 1, max: MAX_VALUE_LENGTH });
const PHONE = /^\+\d{4,15}$/;

/** What an identifier's type asks of its value. Its normal form is trust's: the ledger keeps the value as given. */
const SHAPES: Readonly<
  Record<string, { readonly fits: (value: string) => boolean; readonly message: string }>
> = {
  email: { fits: isEmail, message: 'must be an e-mail address: a local part, @ and a domain' },
  phone: {
    fits: (value) => PHONE.test(value.trim().replace(/[\s.\-()[\]]/g, '')),
    message: 'must be a number in international form: + and 4 to 15 digits',
  },
};

/** The value of an identifier, beside its `type`. */
export const identifierValue: Rule<string> = {
  ...anyValue,
  name: 'identifierValue',
  read(value, owner) {
    const given = anyValue.read(value, owner);
    if (given === REFUSED) return REFUSED;
    return shapeFor(owner)?.fits(given) === false ? REFUSED : given;
  },
  explain(value, owner) {
    const fault = anyValue.explain(value, owner);
    const message = anyValue.read(value, owner) === REFUSED ? undefined : shapeFor(owner)?.message;
    return message === undefined ? fault : { pointer: '', message };
  },
};

export class Identifier implements events.Identifier {
  @Field(code, { example: 'email' })
  declare readonly type: string;

  @Field(identifierValue, { example: 'jane@example.com' })
  declare readonly value: string;
}

export const identifier = object<events.Identifier>(() => Identifier);
export const identifiers = listOf(identifier, { min: 1, max: MAX_IDENTIFIERS });

/** By its id, or by identifiers of one customer, who is registered where none is known. */
export class CustomerReference {
  @OptionalField(uuid)
  declare readonly id?: string;

  @OptionalField(identifiers)
  declare readonly identifiers?: readonly events.Identifier[];
}

export const customerReference = object<domain.CustomerReference>(
  () => CustomerReference,
  exactlyOne('id', 'identifiers'),
);

function shapeFor(owner: object): (typeof SHAPES)[string] | undefined {
  const type = 'type' in owner ? owner.type : undefined;
  return typeof type === 'string' && Object.hasOwn(SHAPES, type) ? SHAPES[type] : undefined;
}

function isEmail(value: string): boolean {
  const address = value.trim();
  const at = address.lastIndexOf('@');
  return at > 0 && at < address.length - 1;
}
