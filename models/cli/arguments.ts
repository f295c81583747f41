import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './usage.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

type Parsed<Flags extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Flags; allowPositionals: true; strict: true }>
>;

/**
 * The flags and names of a command line.
 * @param names how many positional arguments there may be
 * @throws UsageError for unknown flags, flags without a value, and too many names
 */
export function argumentsOf<Flags extends Options>(
  args: readonly string[],
  options: Flags,
  names: number,
): Parsed<Flags> {
  const parsed = parse(args, options);
  const [surplus] = parsed.positionals.slice(names);
  if (surplus !== undefined) {
    throw new UsageError(`unexpected argument ${JSON.stringify(surplus)}; allowed: ${names || 'no'} name`);
  }
  return parsed;
}

function parse<Flags extends Options>(args: readonly string[], options: Flags): Parsed<Flags> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw isMisuse(error) ? new UsageError(error.message) : error;
  }
}

function isMisuse(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && String(Reflect.get(error, 'code')).startsWith('ERR_PARSE_ARGS');
}
