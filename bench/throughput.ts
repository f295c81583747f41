import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Question } from './client.ts';

export const CONNECTIONS = 32;
const SECONDS = 5;

export interface Throughput {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Answers per second to as many clients as `CONNECTIONS`, measured by autocannon in a process of its own. */
export async function measureThroughput(url: string, { accept, body }: Question): Promise<Throughput> {
  const cannon = join(import.meta.dirname, '../node_modules/autocannon/autocannon.js');
  const load = ['--json', '--no-progress', '--connections', String(CONNECTIONS), '--duration', String(SECONDS)];
  const headers = ['--headers', 'content-type=application/json', '--headers', `accept=${accept}`];
  const request = ['--method', 'POST', '--body', body.toString(), ...headers, `${url}/explain`];
  const result: unknown = JSON.parse(await output(process.execPath, [cannon, ...load, ...request]));
  if (failures(result) > 0) throw new Error(`${failures(result)} requests of the load failed`);
  return {
    perSecond: numberAt(result, 'requests', 'average'),
    p50: numberAt(result, 'latency', 'p50'),
    p99: numberAt(result, 'latency', 'p99'),
  };
}

function failures(result: unknown): number {
  return numberAt(result, 'errors') + numberAt(result, 'non2xx');
}

function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = path.reduce<unknown>(
    (object, key) => (typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined),
    value,
  );
  if (typeof found !== 'number') throw new TypeError(`autocannon's result has no number ${path.join('.')}`);
  return found;
}

function output(command: string, parameters: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(`${command} ended with status ${status}`));
    });
  });
}
