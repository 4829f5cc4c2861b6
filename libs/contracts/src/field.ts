import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import type { JsonObject } from '#libs/core';
import { REFUSED } from './rule';
import type { Constructor, Rule } from './rule';

/** Only a property whose type holds what the rule reads may carry it. */
type Fits<T, C, K extends keyof C> = T extends C[K] ? K : never;
type FieldDecorator<T> = <C extends object, K extends keyof C & string>(
  target: C,
  key: K & Fits<T, C, K>,
) => void;

export interface Documentation {
  readonly description?: string;
  readonly example?: unknown;
  readonly default?: unknown;
}

/** The context of our metadata by which the compiler of checks knows a path parameter, and the class of a nested object. */
export interface FieldContext {
  readonly inPath?: boolean;
  readonly members?: () => Constructor<object>;
}

/** A required field: validation and OpenAPI in one. */
export function Field<T>(rule: Rule<T>, documentation: Documentation = {}): FieldDecorator<T> {
  return (target, key) => {
    validate(rule, target, key);
    document(rule, { ...documentation, required: true }, target, key);
  };
}

/** A field that may be absent. `null` is not absent. */
export function OptionalField<T>(rule: Rule<T>, documentation: Documentation = {}): FieldDecorator<T> {
  return (target, key) => {
    ValidateIf(isGiven)(target, key);
    validate(rule, target, key);
    document(rule, { ...documentation, required: false }, target, key);
  };
}

/** A parameter of the path: part of the message, unknown in a request's body and so in its schema. */
export function PathField<T>(rule: Rule<T>): FieldDecorator<T> {
  return (target, key) => validate(rule, target, key, { inPath: true });
}

export function isGiven(_object: unknown, value: unknown): boolean {
  return value !== undefined;
}

function validate(rule: Rule<unknown>, target: object, key: string, context: FieldContext = {}): void {
  describeClass(target.constructor);
  constrain(rule, target, key, false, context);
  if (rule.elements !== undefined) constrain(rule.elements, target, key, true, context);
}

function constrain(
  rule: Rule<unknown>,
  target: object,
  key: string,
  each: boolean,
  context: FieldContext,
): void {
  ValidateBy(
    {
      name: rule.name,
      constraints: [rule],
      validator: {
        validate: (value, args) => rule.read(value, args?.object ?? {}) !== REFUSED,
        defaultMessage: (args) => rule.explain(args?.value, args?.object ?? {}).message,
      },
    },
    { each, context },
  )(target, key);
  if (rule.members === undefined) return;
  ValidateNested({ each, context: { ...context, members: rule.members } })(target, key);
}

function document(
  rule: Rule<unknown>,
  options: Documentation & { readonly required: boolean },
  target: object,
  key: string,
): void {
  const { elements } = rule;
  const members = rule.members ?? elements?.members;
  const items = elements === undefined || members !== undefined ? {} : { items: elements.schema };
  // Swagger takes a function for a lazy type by its name, `type`.
  const nested = members === undefined ? {} : { type: () => members(), isArray: elements !== undefined };
  const { required, ...rest } = options;
  // Swagger reads `required` of an object as the names of its members.
  const presence = rule.schema['type'] === 'object' ? { selfRequired: required } : { required };
  const shape = rule.shape ?? elements?.shape;
  if (members !== undefined && shape !== undefined) describeClass(members(), shape);
  const schema: ApiPropertyOptions = { ...rule.schema, ...items, ...nested, ...rest, ...presence };
  ApiProperty(schema)(target, key);
}

/** `check` knows no member beside the fields. */
const CLOSED = { additionalProperties: false };

/** What OpenAPI says of a class of fields beside them; the last call counts. */
function describeClass(type: Parameters<ClassDecorator>[0], shape: JsonObject = {}): void {
  // Swagger adds whatever stands beside the name to the schema; its types know of a description only.
  ApiSchema({ name: type.name, ...CLOSED, ...shape })(type);
}
