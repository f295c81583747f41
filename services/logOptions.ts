import type { LoggerOptions } from 'pino';

/** Headers that hold secrets. */
const SECRETS = ['authorization', 'proxy-authorization', 'x-api-key', 'cookie', 'set-cookie'];

/** Where headers may lie in what is logged. */
const PLACES = ['', 'headers', 'req.headers', 'request.headers', 'err.headers', 'connectionParams'];

/** Characters that a terminal or a reader of lines obeys, and those that change how others are shown. */
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * How the service logs: no secrets, no query strings, and nothing of a client's that could pass for another line or steer
 * a terminal.
 */
export function logOptions(level: string): LoggerOptions {
  return {
    level,
    redact: { paths: PLACES.flatMap((place) => SECRETS.map((name) => `${place}["${name}"]`)), censor: '[redacted]' },
    serializers: { req: describeRequest },
    hooks: {
      logMethod(args, method) {
        const [first, ...rest] = args;
        method.apply(this, [inSight(first), ...rest.map(inSight)] as typeof args);
      },
    },
  };
}

function describeRequest({ method, url = '' }: { readonly method?: string; readonly url?: string }) {
  return { method, path: url.split('?', 1)[0] };
}

/** A text, or the texts of a plain object, with what cannot be seen written as \u.... */
function inSight(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(CONTROL, escaped);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(([name, text]) => [name, typeof text === 'string' ? inSight(text) : text]);
  return Object.fromEntries(entries);
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
