import { isIP } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { defaultStoreFolder } from '../models/tensors/defaultFolder.ts';
import {
  choice,
  duration,
  flag,
  folder,
  hostNames,
  keyFile,
  origins,
  providers,
  secret,
  trustProxy,
  whole,
  wholeText,
} from './configValues.ts';

/** What the defaults depend on beside the environment. */
export interface Surroundings {
  /** The system's folder for temporary files. */
  readonly temporaryFolder: string;
  /** A name or number that tells the users of the machine apart. */
  readonly user: string;
  /** The user's own folder, asked for only where it is needed: not every user has one. */
  readonly homeFolder: () => string;
  /** Bytes of memory that the process and its children may use: the machine's, or those of its container. */
  readonly memoryBytes: number;
}

/** A variable that cannot be used: one line that names it, its value and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** What the documentation says of a variable. */
interface Documented {
  readonly description: string;
  readonly allowed: string;
  /** In words, where the default is no fixed value. */
  readonly defaultText?: string;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Every variable, in the order of the documentation. */
export const environmentSchema = z.object({
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]+$/)
    .prefault('127.0.0.1')
    .meta({
      description: 'Address to listen on. One that others can reach needs API_KEYS, or ALLOW_ANONYMOUS=true.',
      allowed: 'an IP address or a host name',
    }),
  PORT: whole(0, 65535, 3000, 'Port to listen on.', ' (0: any free port)'),
  LOG_LEVEL: choice(LOG_LEVELS, 'info', 'Least severe messages that are logged.'),
  ENGINE: choice(
    ['auto', 'onnx', 'tensorflow'],
    'auto',
    'What runs the networks. auto: tensorflow when its addon is installed and sees a GPU, else onnx.',
  ),
  ONNX_PROVIDERS: providers,
  MODELS_DIR: folder('Folder of further models, one folder each, read at start and on reload.', 'none'),
  MODEL_MEMORY_BYTES: whole(
    0,
    1024 * GIB,
    4 * GIB,
    'Weights of models that stay loaded (every copy counts; mapped ones are one); the one not used for longest goes first.',
  ),
  EXPLAIN_WORKERS: whole(1, 64, 1, 'Processes that run networks. One uses all cores; more seldom pay on a CPU.'),
  WORKER_MEMORY_BYTES: wholeText(0, 1024 * GIB)
    .optional()
    .meta({
      description:
        'Private memory of a worker process (mapped weights do not count) above which another takes its place; 0: no bound.',
      allowed: `a whole number from 0 to ${1024 * GIB}`,
      defaultText: 'MODEL_MEMORY_BYTES + 2 × CACHE_BYTES + 1 GiB, at most three quarters of the memory there is',
    }),
  MAX_BATCH: whole(1, 1024, 32, 'Most items that run together; 1 makes answers bit-equal whatever else runs.'),
  MAX_QUEUE: whole(1, 1e6, 256, 'Most requests that wait; one more is answered 503.'),
  MAX_RUNS: whole(1, 1e6, 4096, 'Most network rows that one request may cost.'),
  MAX_UPLOAD_BYTES: whole(
    KIB,
    GIB,
    8 * MIB,
    'Largest file that is accepted. JSON bodies may be 4/3 of it, for base64.',
  ),
  MAX_PIXELS: whole(1, 1e9, 64e6, 'Most pixels that a picture may have.'),
  EXPLAIN_TIMEOUT_MS: whole(1, 3600e3, 30e3, 'Longest that a request may wait and run, in milliseconds.'),
  CACHE_BYTES: whole(0, 1024 * GIB, 512 * MIB, 'Memory for compiled explanations that are kept ready.'),
  CACHE_DIR: folder(
    'Folder for mapped weights and compiled explanations; may be deleted at any time.',
    'a private folder of the user in the temporary one of the system',
  ),
  CACHE_DISK_BYTES: whole(
    16 * MIB,
    1024 * GIB,
    8 * GIB,
    'Size that CACHE_DIR is kept under; what was not used for longest goes first.',
  ),
  CACHE_CHECK_DELAY_MS: whole(
    0,
    86400e3,
    10e3,
    'Milliseconds from the start until the checksums of CACHE_DIR are verified in the background.',
  ),
  DATA_DIR: folder(
    'Folder of jobs and their results, for one service at a time.',
    '`$XDG_STATE_HOME/elucid`, or `~/.local/state/elucid`',
  ),
  DATA_DISK_BYTES: whole(
    MIB,
    1024 * GIB,
    4 * GIB,
    'Size that DATA_DIR is kept under; a job for which there is no room is answered 503.',
  ),
  IMAGES_DISK_BYTES: whole(
    64 * KIB,
    1024 * GIB,
    GIB / 2,
    'Size of all uploaded images and linked pictures under DATA_DIR; one for which there is no room is answered 503.',
  ),
  JOB_WORKERS: whole(1, 64, 1, 'Jobs that run at a time.'),
  MAX_JOBS: whole(1, 1e6, 1000, 'Most jobs that wait; one more is answered 503.'),
  JOB_TIMEOUT_MS: whole(1, 604800e3, 1800e3, 'Longest that a job may run, in milliseconds.'),
  JOB_TTL: duration('1s', '30d', '1h', 'How long a job and its result are kept after its end.'),
  GRAPHQL_MAX_COST: whole(1, 1e6, 500, 'Most that one GraphQL operation may cost: an explanation costs 10, a job 200.'),
  GRAPHQL_INTROSPECTION: flag('Tell GraphQL clients the schema.', 'true'),
  API_KEYS: secret('Keys of which every request needs one, but for /, /health, /docs and /openapi.json.'),
  API_KEYS_FILE: keyFile('API keys'),
  ADMIN_KEYS: secret('Keys that may administrate, too. Without keys of either kind programs on the same machine may.'),
  ADMIN_KEYS_FILE: keyFile('admin keys'),
  ALLOW_ANONYMOUS: flag('Serve everybody who can reach HOST. Means nothing with API keys.'),
  RATE_LIMIT: wholeText(0, 1e6).optional().meta({
    description:
      'Points that a key, or an address without one, may spend in a minute: 1 for most requests, 20 for a job; 0: any number.',
    allowed: 'a whole number from 0 to 1000000',
    defaultText: '`6000` with API keys, else `0`',
  }),
  MISS_LIMIT: whole(
    0,
    1e6,
    300,
    'Requests of a key, or an address without one, that may be answered 401, 403, 404 or 421 in a minute; 0: any number.',
  ),
  ALLOWED_HOSTS: hostNames,
  CORS_ORIGINS: origins,
  MAX_CONNECTIONS: whole(1, 1e6, 4096, 'Most connections that are open; one more is answered 503 and closed.'),
  REQUEST_TIMEOUT_MS: whole(
    100,
    3600e3,
    60e3,
    'Longest that a request may take to arrive, in milliseconds; its headers at most 15 s of that.',
  ),
  RESPONSE_TIMEOUT_MS: whole(
    100,
    3600e3,
    60e3,
    'Longest that an answer may wait for its client to read it, in milliseconds.',
  ),
  TRUST_PROXY: trustProxy,
});

/** Points per minute for a key. */
const KEYED_RATE_LIMIT = 6000;

/** What has a default that depends on something else. */
interface Completed {
  readonly CACHE_DIR: string;
  readonly DATA_DIR: string;
  readonly RATE_LIMIT: number;
  readonly ALLOWED_HOSTS: readonly string[];
  readonly WORKER_MEMORY_BYTES: number;
}

export type Config = Readonly<Omit<z.output<typeof environmentSchema>, keyof Completed>> & Completed;

/**
 * The configuration from the environment; an empty value counts as none.
 * @throws ConfigError for the first variable that cannot be used.
 */
export function readConfig(environment: NodeJS.ProcessEnv, surroundings: Surroundings): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) throw refused(String(parsed.error.issues[0]?.path[0]), given);
  const { HOST, ALLOW_ANONYMOUS, API_KEYS, API_KEYS_FILE } = parsed.data;
  const hasKeys = (API_KEYS ?? API_KEYS_FILE) !== undefined;
  if (!ALLOW_ANONYMOUS && !hasKeys && !isLoopback(HOST)) {
    throw new ConfigError(
      `HOST: received "${HOST}", which others may reach; allowed are 127.0.0.0/8, ::1 and localhost unless there are API_KEYS or ALLOW_ANONYMOUS=true`,
    );
  }
  const { temporaryFolder, user, memoryBytes } = surroundings;
  return {
    ...parsed.data,
    RATE_LIMIT: parsed.data.RATE_LIMIT ?? (hasKeys ? KEYED_RATE_LIMIT : 0),
    ALLOWED_HOSTS: parsed.data.ALLOWED_HOSTS ?? (isLoopback(HOST) ? [] : ['*']),
    WORKER_MEMORY_BYTES: parsed.data.WORKER_MEMORY_BYTES ?? workerMemory(parsed.data, memoryBytes),
    CACHE_DIR: parsed.data.CACHE_DIR ?? defaultStoreFolder(temporaryFolder, user),
    DATA_DIR: parsed.data.DATA_DIR ?? join(stateFolder(environment, surroundings), 'elucid'),
  };
}

/** Copies of weights where an engine makes them, what is compiled with as much again to work with, and Node and the engine. */
function workerMemory(
  { MODEL_MEMORY_BYTES, CACHE_BYTES }: Pick<Config, 'MODEL_MEMORY_BYTES' | 'CACHE_BYTES'>,
  memoryBytes: number,
): number {
  return Math.min(MODEL_MEMORY_BYTES + 2 * CACHE_BYTES + GIB, Math.floor(0.75 * memoryBytes));
}

/** Where the user's programs keep what outlives them; the XDG base directory specification ignores relative paths. */
function stateFolder({ XDG_STATE_HOME: given }: NodeJS.ProcessEnv, { homeFolder }: Surroundings): string {
  return given !== undefined && isAbsolute(given) ? given : join(homeFolder(), '.local', 'state');
}

/** A variable as the documentation shows it. */
export interface VariableReference extends Documented {
  readonly name: string;
  readonly default: string;
}

/** Every variable with its description, default and what is allowed. */
export function configVariables(): VariableReference[] {
  return Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const documented = documentationOf(schema);
    const fallback = schema instanceof z.ZodPrefault ? String(schema.def.defaultValue) : '';
    return { name, ...documented, default: documented.defaultText ?? fallback };
  });
}

function documentationOf(schema: z.ZodType): Documented {
  const { description = '', allowed, defaultText } = schema.meta() ?? {};
  return {
    description,
    allowed: String(allowed),
    ...(typeof defaultText === 'string' ? { defaultText } : {}),
  };
}

function refused(name: string, given: Readonly<Record<string, unknown>>): ConfigError {
  const allowed = configVariables().find((variable) => variable.name === name)?.allowed;
  return new ConfigError(`${name}: received ${JSON.stringify(given[name])}; allowed is ${allowed}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
