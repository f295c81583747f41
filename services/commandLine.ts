import { parseArgs } from 'node:util';
import { ConfigError } from './config.ts';

/** What the arguments of the process say: the contract of a drop-in explainer. */
export interface CommandLine {
  /** `--http_port`, in place of PORT. */
  readonly httpPort: string | null;
  /** `--model_name`: the model that this process is there for. */
  readonly modelName: string | null;
  /** `--predictor_host`: who predicts for it, as an origin. */
  readonly predictorOrigin: string | null;
}

const OPTIONS = {
  http_port: { type: 'string' },
  model_name: { type: 'string' },
  predictor_host: { type: 'string' },
} as const;

const ALLOWED = Object.keys(OPTIONS)
  .map((name) => `--${name}`)
  .join(', ');

/** A host name, an IPv4 address or a bracketed IPv6 one, and a port: nothing else of a URL. */
const HOST = /^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** @param arguments_ without the interpreter and the script @throws ConfigError in one line */
export function readCommandLine(arguments_: readonly string[]): CommandLine {
  const values = parse(arguments_);
  const { http_port: httpPort = null, model_name: modelName = null, predictor_host: host = null } = values;
  if (host !== null && modelName === null) {
    throw new ConfigError('--predictor_host: needs --model_name, the model that it predicts for');
  }
  return { httpPort, modelName, predictorOrigin: host === null ? null : originOf(host) };
}

function parse(arguments_: readonly string[]) {
  try {
    return parseArgs({ args: [...arguments_], options: OPTIONS }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0]?.replace(/\. .*/, '') : 'unreadable';
    throw new ConfigError(`the command line cannot be read: ${reason}; allowed are ${ALLOWED}, each with a value`);
  }
}

function originOf(host: string): string {
  const url = `http://${host}`;
  if (HOST.test(host) && URL.canParse(url)) return new URL(url).origin;
  throw new ConfigError(`--predictor_host: received ${JSON.stringify(host)}; allowed is a host, or host:port`);
}
