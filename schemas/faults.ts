import type { z } from 'zod';
import { ElucidError, type Fault } from './errors.ts';
import { describeIssue, expectedBy, received, suggestion } from './issues.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/**
 * The parsed value.
 * @param at where the value lies in the request
 * @throws ElucidError `invalid` that names every fault: what was received and what is allowed.
 */
export function parseOrRefuse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: Path = [],
): z.output<Schema> {
  const result = schema.safeParse(value, { error: describeIssue, reportInput: true });
  if (result.success) return result.data;
  throw invalidRequest(faultsOf(result.error.issues, at));
}

/** One error for one or several faults; its message is the first of them. */
export function invalidRequest(faults: readonly Fault[]): ElucidError {
  const [first, ...others] = faults;
  const more = others.length === 0 ? '' : ` (and ${others.length} more fault${others.length === 1 ? '' : 's'})`;
  return new ElucidError('invalid', `${first?.detail ?? 'the request is invalid'}${more}`, faults);
}

/** Issues that were worded by `describeIssue`, as faults with JSON pointers. */
export function faultsOf(issues: readonly Issue[], base: Path = []): Fault[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) return unionFaults(issue, path);
    if (issue.code === 'unrecognized_keys') {
      return [{ pointer: jsonPointer([...path, ...issue.keys.slice(0, 1)]), detail: sentence(path, issue.message) }];
    }
    return [{ pointer: jsonPointer(path), detail: sentence(path, withReceived(issue)) }];
  });
}

/** `#` of RFC 6901 without the `#`: /options/composite/0. */
export function jsonPointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The faults of the alternative that the value was meant to be, or one that names all alternatives. */
function unionFaults(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): Fault[] {
  const fitting = issue.errors
    .filter((branch) => branch.every((inner) => !isForeign(inner)))
    .sort((a, b) => a.length - b.length)[0];
  if (fitting !== undefined) return faultsOf(fitting, path);
  const expected = [...new Set(issue.errors.flatMap((branch) => branch.filter(isForeign).map(expectedBy)))];
  const words = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []));
  const message = `must be ${expected.join(', or ')}${received(issue.input)}${suggestion(issue.input, words)}`;
  return [{ pointer: jsonPointer(path), detail: sentence(path, message) }];
}

/** Whether a value is of another kind than an alternative altogether. */
function isForeign(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

/** The message, and what was received where a message of the schema itself does not say it. */
function withReceived({ code, message, input }: Issue): string {
  return code === 'invalid_format' && !message.includes('received') ? message + received(input) : message;
}

/** "options.composite[0].rule must be ..." */
function sentence(path: Path, message: string): string {
  const subject = path.reduce<string>(
    (name, part) =>
      typeof part === 'number' ? `${name}[${part}]` : name === '' ? String(part) : `${name}.${String(part)}`,
    '',
  );
  const joint = /^(must|is|has|needs|holds) /.test(message) ? ' ' : ': ';
  return `${subject === '' ? 'the request' : subject}${joint}${message}`;
}
