import { z } from 'zod';
import { nearestWord } from './suggestion.ts';

type RawIssue = z.core.$ZodRawIssue;

/** Longest piece of a received value that is repeated to the client. */
const SHOWN = 60;

/** How JSON's types, and zod's names for them, are called in messages. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
};

/** What a size limit counts, by the kind of value it is set on. */
const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' elements', object: ' keys' };

/**
 * Words an issue of zod for a client, to follow the name of the field: `must be one of red-blue, heat; received "jet"`.
 * To be given to zod as the `error` of one parse; a message of the schema itself goes first.
 */
export function describeIssue(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is required: ${typeName(issue.expected)}`
        : mustBe(typeName(issue.expected), issue);
    case 'invalid_value':
      return `${mustBe(oneOf(issue.values), issue)}${suggestion(issue.input, issue.values)}`;
    case 'too_small':
      return mustBe(bound(issue, issue.inclusive ? 'at least' : 'more than', issue.minimum), issue);
    case 'too_big':
      return mustBe(bound(issue, issue.inclusive ? 'at most' : 'less than', issue.maximum), issue);
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, allowedKeys(issue.inst));
    case 'invalid_union':
      return discriminated(issue);
    case 'invalid_format':
      return mustBe(`of the format ${issue.format}`, issue);
    default:
      return `is not valid${received(issue.input)}`;
  }
}

/** What an alternative of a union would have taken. */
export function expectedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return typeName(issue.expected);
  return issue.code === 'invalid_value' ? oneOf(issue.values) : issue.message;
}

/** "; received ...", or nothing for a value that cannot be shown. */
export function received(value: unknown): string {
  const shown = show(value);
  return shown === null ? '' : `; received ${shown}`;
}

/** `; did you mean "..."?` where a word of the list is near. */
export function suggestion(value: unknown, words: readonly unknown[]): string {
  if (typeof value !== 'string') return '';
  const near = nearestWord(
    value,
    words.filter((word) => typeof word === 'string'),
  );
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

function show(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string') {
    return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `a file of ${value.length} bytes`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function mustBe(expected: string, issue: RawIssue): string {
  return `must be ${expected}${received(issue.input)}`;
}

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map((value) => (values.length === 1 ? JSON.stringify(value) : String(value)));
  return names.length === 1 ? (names[0] ?? '') : `one of ${names.join(', ')}`;
}

function bound(issue: RawIssue & { origin: string }, comparison: string, limit: number | bigint): string {
  const unit = UNITS[issue.origin];
  return unit === undefined ? `${comparison} ${limit}` : `${comparison} ${limit}${unit} long`;
}

function unknownKeys(keys: readonly string[], allowed: readonly string[]): string {
  const names = keys.map((key) => show(key)).join(', ');
  const list = allowed.length === 0 ? 'none is allowed' : `allowed are ${allowed.join(', ')}`;
  return `has the unknown key${keys.length === 1 ? '' : 's'} ${names}; ${list}${suggestion(keys[0], allowed)}`;
}

function allowedKeys(schema: unknown): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function discriminated(issue: RawIssue): string {
  const { discriminator, options, input } = issue;
  if (typeof discriminator !== 'string' || !Array.isArray(options)) return `is not valid${received(input)}`;
  const value = typeof input === 'object' && input !== null ? Reflect.get(input, discriminator) : undefined;
  return `must be ${oneOf(options)}${received(value)}${suggestion(value, options)}`;
}
