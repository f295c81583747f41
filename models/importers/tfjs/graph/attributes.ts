import { z } from 'zod';
import { ImportFault, quoted } from '../../faults.ts';

const integer = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number),
]);
const text = z
  .string()
  .max(4096)
  .transform((base64) => Buffer.from(base64, 'base64').toString('utf8'));

/**
 * The attributes of a node, as the JSON form of a GraphDef has them: integers are strings, strings are base64, and what
 * has its default may be left out.
 */
export class Attributes {
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values;
  }

  integer(name: string, missing: number): number {
    return this.read(name, z.object({ i: integer.default(missing) }))?.i ?? missing;
  }

  /** A list of integers; empty when it is left out. */
  integers(name: string): readonly number[] {
    return this.read(name, z.object({ list: z.object({ i: z.array(integer).max(64).default([]) }) }))?.list.i ?? [];
  }

  number(name: string, missing: number): number {
    return this.read(name, z.object({ f: z.number().default(missing) }))?.f ?? missing;
  }

  flag(name: string): boolean {
    return this.read(name, z.object({ b: z.boolean().default(false) }))?.b ?? false;
  }

  text(name: string, missing: string): string {
    return this.read(name, z.object({ s: text }))?.s ?? missing;
  }

  /** Whether a string is the given one; one that is malformed is not. */
  says(name: string, value: string): boolean {
    const encoded = z.object({ s: text }).safeParse(this.values[name]);
    return encoded.data?.s === value;
  }

  /** A list of strings; empty when it is left out. */
  texts(name: string): readonly string[] {
    return this.read(name, z.object({ list: z.object({ s: z.array(text).max(64).default([]) }) }))?.list.s ?? [];
  }

  /** The name of a type, like DT_FLOAT. */
  type(name: string): string | null {
    return this.read(name, z.object({ type: z.string().max(64) }))?.type ?? null;
  }

  /** The sides of a shape, −1 where any will do; null when it is left out or of unknown rank. */
  shape(name: string): readonly number[] | null {
    return this.read(name, z.object({ shape: shapeSchema }))?.shape ?? null;
  }

  /** The same attributes but for some, of which texts and lists of integers can be given. */
  with(others: Readonly<Record<string, string | readonly number[]>>): Attributes {
    const encoded = Object.entries(others).map(([name, value]) => [
      name,
      typeof value === 'string' ? { s: Buffer.from(value).toString('base64') } : { list: { i: value } },
    ]);
    return new Attributes({ ...this.values, ...Object.fromEntries(encoded) });
  }

  /** Null when it is left out. @throws ImportFault when it is of another type. */
  private read<T>(name: string, schema: z.ZodType<T>): T | null {
    const value = Object.hasOwn(this.values, name) ? this.values[name] : undefined;
    if (value === undefined) return null;
    const result = schema.safeParse(value);
    if (!result.success) throw new ImportFault(`its attribute ${quoted(name)} is malformed`);
    return result.data;
  }
}

/** A TensorShape in JSON, as its sides; null when its rank is unknown. */
export const shapeSchema = z
  .object({
    dim: z
      .array(z.object({ size: integer.default(0) }))
      .max(16)
      .optional(),
    unknownRank: z.boolean().optional(),
  })
  .transform(({ dim, unknownRank }) =>
    unknownRank === true || dim === undefined ? null : dim.map(({ size }) => size),
  );
