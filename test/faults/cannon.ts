import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import type { Question } from './questions.ts';

const CANNON = join(import.meta.dirname, '../../node_modules/autocannon/autocannon.js');
const CONNECTIONS = 4;

/** Longest that it waits for an answer, in seconds. */
const PATIENCE_S = 60;

const result = z.object({
  errors: z.number(),
  timeouts: z.number(),
  requests: z.object({ sent: z.number(), total: z.number() }),
  statusCodeStats: z.record(z.string(), z.object({ count: z.number() })),
});

export interface CannonLoad {
  readonly answered: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

/** The load of autocannon, a program that is not ours, for some seconds: it counts what is answered, and how. */
export async function fireCannon(url: string, { asked }: Question, seconds: number): Promise<CannonLoad> {
  const headers = Object.entries(asked.headers ?? {}).flatMap(([name, value]) => ['--headers', `${name}=${value}`]);
  const load = ['--connections', String(CONNECTIONS), '--duration', String(seconds), '--timeout', String(PATIENCE_S)];
  const request = ['--method', 'POST', '--body', String(asked.body), ...headers, `${url}${asked.path}`];
  const child = spawn(process.execPath, [CANNON, '--json', '--no-progress', ...load, ...request], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`autocannon ended with status ${code}`);
  const { errors, timeouts, requests, statusCodeStats } = result.parse(JSON.parse(Buffer.concat(chunks).toString()));
  const statuses = Object.fromEntries(Object.entries(statusCodeStats).map(([status, { count }]) => [status, count]));
  const strange = Object.keys(statuses).filter((status) => status !== '200' && status !== '503');
  const unanswered = requests.sent - requests.total;
  return {
    answered: requests.total,
    statuses,
    faults: [
      ...(errors + timeouts > 0 ? [`autocannon: ${errors} errors, ${timeouts} timeouts`] : []),
      ...strange.map((status) => `autocannon: ${statuses[status]} answers ${status}`),
      // Those that are on their way when the time is over.
      ...(unanswered > CONNECTIONS ? [`autocannon: ${unanswered} requests were not answered`] : []),
    ],
  };
}
