import { isIP } from 'node:net';
import { z } from 'zod';

/** A whole number, also written like 64e6. */
export function whole(from: number, to: number, fallback: number, description: string, note = '') {
  const allowed = `a whole number from ${from} to ${to}${note}`;
  return wholeText(from, to).prefault(String(fallback)).meta({ description, allowed });
}

export function wholeText(from: number, to: number) {
  return z
    .string()
    .regex(/^\d+(e\d+)?$/i)
    .transform(Number)
    .pipe(z.int().min(from).max(to));
}

export function choice<const Names extends readonly [string, ...string[]]>(
  names: Names,
  fallback: Names[number],
  description: string,
) {
  return z
    .enum(names)
    .prefault(fallback)
    .meta({ description, allowed: `one of ${names.join(', ')}` });
}

const UNITS_MS = { ms: 1, s: 1000, m: 60e3, h: 3600e3, d: 86400e3 } as const;

/** A span of time as milliseconds, written like 90s, 30m or 1h; a number without a unit is seconds. */
export function duration(from: string, to: string, fallback: string, description: string) {
  const inMs = (text: string) => {
    const [, count, unit = 's'] = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(text) ?? [];
    return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  };
  return z
    .string()
    .transform(inMs)
    .pipe(z.int().min(inMs(from)).max(inMs(to)))
    .prefault(fallback)
    .meta({
      description,
      allowed: `a whole number with a unit (ms, s, m, h, d; without one: s) from ${from} to ${to}`,
    });
}

export function folder(description: string, defaultText: string) {
  return z.string().optional().meta({ description, allowed: 'the path of a folder', defaultText });
}

export const flag = (description: string, fallback: 'true' | 'false' = 'false') =>
  z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .prefault(fallback)
    .meta({ description, allowed: 'true or false' });

const PROVIDERS = ['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu'] as const;

export const providers = z
  .string()
  .transform((list) => list.split(',').map((name) => name.trim()))
  .pipe(z.array(z.enum(PROVIDERS)).min(1))
  .prefault('cpu')
  .meta({
    description: 'Execution providers of the onnx engine, in order of preference.',
    allowed: `a comma-separated list of ${PROVIDERS.join(', ')}`,
  });

/** true, a number of proxies, or the addresses of the proxies: Fastify's `trustProxy`. */
export const trustProxy = z
  .string()
  .transform((value, context): boolean | number | string[] => {
    if (value === 'true' || value === 'false') return value === 'true';
    if (/^\d{1,2}$/.test(value)) return Number(value);
    const addresses = value.split(',').map((address) => address.trim());
    if (addresses.every((address) => isIP(address.replace(/\/\d{1,3}$/, '')) !== 0)) return addresses;
    context.issues.push({ code: 'custom', input: value });
    return z.NEVER;
  })
  .prefault('false')
  .meta({
    description:
      'Whose X-Forwarded-* headers are believed: nobody, everybody, so many proxies in front, or these addresses.',
    allowed: 'true, false, a number of proxies, or a comma-separated list of IP addresses and CIDR ranges',
  });

/** Names that may stand in a Host header, lower-case; `*` for any. */
export const hostNames = z
  .string()
  .toLowerCase()
  .transform((list) => list.split(',').map((name) => name.trim()))
  .pipe(z.array(z.string().regex(/^(\*|[a-z0-9_.-]+)$/)).min(1))
  .optional()
  .meta({
    description:
      'Names that requests may have in Host while there are no API keys, beside localhost and IP addresses: a web page that leads its own name to this service is refused.',
    allowed: 'a comma-separated list of host names, or *',
    defaultText: 'none where HOST is loopback, else `*`',
  });

/** Origins as browsers write them; `*` alone for any. */
export const origins = z
  .string()
  .transform((list) => list.split(',').map((origin) => origin.trim()))
  .pipe(z.array(z.string().refine((origin) => origin === '*' || isOrigin(origin))).min(1))
  .refine((list) => list.length === 1 || !list.includes('*'))
  .optional()
  .meta({
    description: 'Web pages of which origins may use the service from a browser (CORS).',
    allowed: 'a comma-separated list of origins like https://example.org, or *',
    defaultText: 'none',
  });

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

export function secret(description: string) {
  return z.string().optional().meta({
    description,
    allowed: 'keys of 16 to 256 printable ASCII characters without spaces, separated by commas or lines',
    defaultText: 'none',
  });
}

export function keyFile(kind: string) {
  return z
    .string()
    .optional()
    .meta({
      description: `A file of further ${kind}, one in a line; # begins a comment. Read again on SIGHUP.`,
      allowed: 'the path of a file',
      defaultText: 'none',
    });
}
