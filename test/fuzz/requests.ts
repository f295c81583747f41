import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { Contract } from '../http/contract.ts';
import { type RunningService, startService } from '../integration/runningService.ts';
import { badRequests } from './requests/badRequests.ts';
import { faultsOf } from './requests/judge.ts';
import { sendRaw } from './requests/rawRequest.ts';
import { validRequests } from './requests/validRequests.ts';

const USAGE = `usage: npm run fuzz:requests -- [--requests 10000] [--seed 1]
Sends bad requests, made from the examples of /openapi.json, to a service that it starts. None may be answered by another
status than the document has, or by a 5xx but 503; afterwards the service explains as before, and holds no more memory.`;

const PICTURE = readFileSync(join(import.meta.dirname, '../../models/zoo/samples/3.png'));

/** Requests that warm the service up, before its memory is looked at. */
const WARM_UP = 1000;

/** How much more memory of its own the HTTP process may hold afterwards. */
const GROWTH_BYTES = 96 * 2 ** 20;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { requests: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
  });
  const [count, seed] = [Number(values.requests), Number(values.seed)];
  if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) throw new Error(USAGE);
  const service = await startService({ MISS_LIMIT: '0' });
  try {
    await fuzz(service, count, seed);
  } finally {
    await service.stop();
  }
}

async function fuzz(service: RunningService, count: number, seed: number): Promise<void> {
  const answer = await fetch(`${service.url}/openapi.json`);
  const contract = new Contract((await answer.json()) as Record<string, unknown>);
  const port = Number(new URL(service.url).port);
  const requests = badRequests(validRequests(contract, PICTURE));
  const statuses = new Map<number | null, number>();
  const property = fc.asyncProperty(requests, async (request) => {
    const seen = await sendRaw(port, request);
    statuses.set(seen?.status ?? null, (statuses.get(seen?.status ?? null) ?? 0) + 1);
    const faults = faultsOf(request, seen, contract);
    if (faults.length > 0) throw new Error(faults.join('\n'));
  });
  const before = await relevance(service.url);
  await fc.assert(property, { numRuns: WARM_UP, seed: seed + 1 });
  const held = ownBytes(service.pid);
  await fc.assert(property, { numRuns: count, seed });
  const grown = ownBytes(service.pid) - held;
  const list = [...statuses].sort().map(([status, times]) => `${times} × ${status ?? 'closed'}`);
  process.stdout.write(
    `${WARM_UP} + ${count} requests: ${list.join(', ')}; memory grew by ${Math.round(grown / 2 ** 20)} MiB\n`,
  );
  if (!(await relevance(service.url)).equals(before)) throw new Error('the service explains otherwise than before');
  if (grown > GROWTH_BYTES) throw new Error(`the HTTP process holds ${grown} bytes more than before`);
}

/** The relevance of the picture, as bytes. */
async function relevance(url: string): Promise<Buffer> {
  const form = new FormData();
  form.append('model', 'mnist-cnn');
  form.append('image', new Blob([new Uint8Array(PICTURE)]));
  const answer = await fetch(`${url}/explain`, {
    method: 'POST',
    headers: { accept: 'application/x-npy' },
    body: form,
  });
  if (!answer.ok) throw new Error(`the service answers ${answer.status} to a good request: ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** Memory of a process that it shares with no other; elsewhere than on Linux its resident set. */
function ownBytes(pid: number): number {
  const path = `/proc/${pid}/smaps_rollup`;
  if (!existsSync(path))
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
  return Number(/^Anonymous:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8'))?.[1]) * 1024;
}

await main();
