import {
  GraphQLBoolean,
  type GraphQLEnumType,
  type GraphQLFieldConfigMap,
  GraphQLFloat,
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLScalarType,
  GraphQLString,
} from 'graphql';
import { z } from 'zod';
import type { OperationContext } from './context.ts';
import { enumType } from './enumType.ts';
import { JSON_SCALAR } from './jsonScalar.ts';

/** Fields of an object type. */
export type Fields = GraphQLFieldConfigMap<unknown, OperationContext>;

type Leaf = GraphQLScalarType | GraphQLEnumType;

/** Largest value of GraphQL's Int. */
const MAX_INT = 2 ** 31 - 1;

/** A schema without what stands around it. */
interface Unwrapped {
  readonly inner: z.core.$ZodType;
  /** Whether a value may be missing or null. */
  readonly optional: boolean;
  readonly description: string | undefined;
}

/**
 * GraphQL types of zod schemas, each made once: objects, lists, enumerations, strings, numbers and booleans as such, and
 * everything that GraphQL cannot say (unions, records) as JSON.
 */
export class ZodTypes {
  readonly #names: ReadonlyMap<z.core.$ZodType, string>;
  readonly #enums = new Map<string, GraphQLEnumType>();
  readonly #objects = new Map<z.core.$ZodType, GraphQLObjectType>();
  readonly #inputs = new Map<z.core.$ZodType, GraphQLInputObjectType>();

  /**
   * @param names of objects inside others; any other is called after its place
   * @param enums values by name; any other is called after its place
   */
  constructor(names: ReadonlyMap<z.core.$ZodType, string>, enums: Readonly<Record<string, readonly string[]>>) {
    this.#names = names;
    for (const [name, values] of Object.entries(enums)) this.#enums.set(keyOf(values), enumType(name, values));
  }

  /** The enumeration of these values. */
  enum(values: readonly string[], name: string): GraphQLEnumType {
    const known = this.#enums.get(keyOf(values));
    if (known !== undefined) return known;
    const made = enumType(name, values);
    this.#enums.set(keyOf(values), made);
    return made;
  }

  /** The fields of an answer. @param name of the type that they belong to */
  fields(schema: z.ZodObject, name: string): Fields {
    return Object.fromEntries(
      Object.entries(schema.shape).map(([key, field]) => {
        const { inner, optional, description } = unwrap(field);
        const type = this.#output(inner, name + capitalised(key));
        return [key, { type: optional ? type : new GraphQLNonNull(type), ...(description ? { description } : {}) }];
      }),
    );
  }

  /** A request as an input type. */
  input(schema: z.ZodObject, name: string): GraphQLInputObjectType {
    const known = this.#inputs.get(schema);
    if (known !== undefined) return known;
    const fields = (): GraphQLInputFieldConfigMap =>
      Object.fromEntries(
        Object.entries(schema.shape).map(([key, field]) => {
          const { inner, optional, description } = unwrap(field);
          const type = this.#inputOf(inner, name.replace(/Input$/, '') + capitalised(key));
          return [key, { type: optional ? type : new GraphQLNonNull(type), ...(description ? { description } : {}) }];
        }),
      );
    const made = new GraphQLInputObjectType({ name, fields, description: schema.description ?? null });
    this.#inputs.set(schema, made);
    return made;
  }

  #output(schema: z.core.$ZodType, name: string): GraphQLOutputType {
    const item = elementOf(schema);
    if (item !== null) return listOf(item, (inner) => this.#output(inner, singular(name)));
    if (!(schema instanceof z.ZodObject)) return this.#leaf(schema, name);
    const known = this.#objects.get(schema);
    if (known !== undefined) return known;
    const named = this.#names.get(schema) ?? name;
    const made = new GraphQLObjectType({
      ...{ name: named, description: schema.description ?? null },
      fields: () => this.fields(schema, named),
    });
    this.#objects.set(schema, made);
    return made;
  }

  #inputOf(schema: z.core.$ZodType, name: string): GraphQLInputType {
    const item = elementOf(schema);
    if (item !== null) return listOf(item, (inner) => this.#inputOf(inner, singular(name)));
    return schema instanceof z.ZodObject
      ? this.input(schema, this.#names.get(schema) ?? `${name}Input`)
      : this.#leaf(schema, name);
  }

  #leaf(schema: z.core.$ZodType, name: string): Leaf {
    if (schema instanceof z.ZodEnum) return this.enum(schema.options.map(String), name);
    if (schema instanceof z.ZodBoolean) return GraphQLBoolean;
    if (schema instanceof z.ZodNumber) {
      const most = schema.maxValue ?? 0;
      return schema.isInt && (most <= MAX_INT || most === Number.MAX_SAFE_INTEGER) ? GraphQLInt : GraphQLFloat;
    }
    return schema instanceof z.ZodString || schema instanceof z.ZodISODateTime ? GraphQLString : JSON_SCALAR;
  }
}

function listOf<Type extends GraphQLInputType | GraphQLOutputType>(
  item: z.core.$ZodType,
  typeOf: (inner: z.core.$ZodType) => Type,
): GraphQLList<Type | GraphQLNonNull<Type & Leaf>> {
  const { inner, optional } = unwrap(item);
  const type = typeOf(inner);
  return new GraphQLList(optional ? type : (new GraphQLNonNull(type) as GraphQLNonNull<Type & Leaf>));
}

/** What a list holds; null for a schema that is no list. */
function elementOf(schema: z.core.$ZodType): z.core.$ZodType | null {
  if (schema instanceof z.ZodArray) return schema.element;
  return schema instanceof z.ZodTuple ? (schema.def.items[0] ?? null) : null;
}

function unwrap(schema: z.core.$ZodType): Unwrapped {
  const description = schema instanceof z.ZodType ? schema.description : undefined;
  const around = (inner: z.core.$ZodType, optional: boolean, note = ''): Unwrapped => {
    const below = unwrap(inner);
    const text = description ?? below.description;
    const noted = note === '' ? text : `${text === undefined ? '' : `${text.replace(/\.$/, '')}. `}${note}`;
    return { inner: below.inner, optional: optional || below.optional, description: noted };
  };
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return around(schema.def.innerType, true);
  if (schema instanceof z.ZodPrefault) return around(schema.def.innerType, true);
  if (schema instanceof z.ZodDefault)
    return around(schema.def.innerType, true, `Default: ${JSON.stringify(schema.def.defaultValue)}`);
  if (schema instanceof z.ZodReadonly) return around(schema.def.innerType, false);
  if (schema instanceof z.ZodPipe) return around(schema.def.in, false);
  return { inner: schema, optional: false, description };
}

function keyOf(values: readonly string[]): string {
  return [...values].sort().join(' ');
}

/** What one of a list is called. */
function singular(name: string): string {
  return name.replace(/s$/, '');
}

function capitalised(key: string): string {
  return key
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
