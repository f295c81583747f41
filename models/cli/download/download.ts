import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ModelFile } from '../../../schemas/manifest.ts';
import type { Destination } from './destination.ts';
import { Digests, isStated } from './digests.ts';
import { DownloadFault } from './fault.ts';
import { type Answer, networkReason, request } from './request.ts';

export interface DownloadOptions {
  /** Largest file that is accepted. */
  readonly maxBytes: number;
  /** Longest time without a byte from the server. */
  readonly idleMs: number;
  /** Called for every piece that arrives. @param total null when the server does not tell */
  readonly onProgress: (bytes: number, total: number | null) => void;
}

/** A file that was downloaded. */
export interface Downloaded {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Downloads a file under a temporary name, checks it, and gives it its name. What an earlier download left of it is
 * completed where the server can. When the connection breaks, what has arrived is kept for the next time; what turns
 * out to be wrong is removed.
 * @throws DownloadFault
 */
export async function download(
  url: string,
  file: ModelFile,
  { path, partial }: Destination,
  options: DownloadOptions,
): Promise<Downloaded> {
  await mkdir(dirname(path), { recursive: true });
  const kept = await Digests.ofFile(partial);
  const isWhole = kept !== null && isStated(file) && kept.difference(file) === null;
  const digests = isWhole
    ? kept
    : await receive(url, partial, kept, options).catch(async (error: unknown) => {
        if (!isStated(file)) await rm(partial, { force: true });
        throw error;
      });
  const difference = digests.difference(file);
  if (difference !== null) {
    await rm(partial, { force: true });
    throw new DownloadFault(`${difference}; what was downloaded is removed`);
  }
  await rename(partial, path);
  return { bytes: digests.bytes, sha256: digests.sha256 };
}

/** Downloads what is missing of a temporary file. @returns the checksums of the whole */
async function receive(url: string, partial: string, kept: Digests | null, options: DownloadOptions): Promise<Digests> {
  const idle = new IdleTimer(options.idleMs);
  try {
    const answer = await askFrom(url, kept?.bytes ?? 0, idle.signal);
    const goesOn = answer.status === 206 && kept !== null;
    return await append(answer, partial, goesOn ? kept : new Digests(), idle, options);
  } finally {
    idle.stop();
  }
}

/** An answer that begins at `from`, or, where the server cannot go on there, at 0. */
async function askFrom(url: string, from: number, signal: AbortSignal): Promise<Answer> {
  const answer = await request(url, from, signal);
  if (answer.status === 200) return answer;
  const range = answer.headers.get('content-range');
  if (from > 0 && answer.status === 206 && range?.startsWith(`bytes ${from}-`)) return answer;
  const again = from > 0 ? await request(url, 0, signal) : answer;
  if (again.status === 200) return again;
  throw new DownloadFault(`the server answered ${again.status} to a request for the whole file`);
}

async function append(
  answer: Answer,
  partial: string,
  digests: Digests,
  idle: IdleTimer,
  { maxBytes, onProgress }: DownloadOptions,
): Promise<Digests> {
  const total = totalOf(answer, digests.bytes);
  const tooLarge = (bytes: number) => new DownloadFault(`it has ${bytes} bytes; at most ${maxBytes} are accepted`);
  if (total !== null && total > maxBytes) throw tooLarge(total);
  const output = await open(partial, digests.bytes > 0 ? 'a' : 'w');
  try {
    for await (const chunk of arriving(answer, idle, digests)) {
      if (digests.bytes + chunk.byteLength > maxBytes) {
        await rm(partial, { force: true });
        throw tooLarge(digests.bytes + chunk.byteLength);
      }
      await output.writeFile(chunk);
      digests.update(chunk);
      onProgress(digests.bytes, total);
    }
    await output.sync();
  } finally {
    await output.close();
  }
  return digests;
}

/** How long the whole file is, as the server says. */
function totalOf({ headers }: Answer, before: number): number | null {
  const length = headers.get('content-length');
  return length === null ? null : before + Number(length);
}

async function* arriving({ body }: Answer, idle: IdleTimer, digests: Digests): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      throw new DownloadFault(
        `the connection broke after ${digests.bytes} bytes: ${networkReason(error, idle.signal)}`,
      );
    });
    if (next.done === true) return;
    idle.restart();
    yield next.value;
  }
}

/** Aborts its signal when nothing happens for some time. */
class IdleTimer {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(idleMs: number) {
    const reason = new Error(`nothing was received for ${idleMs} ms`);
    this.timer = setTimeout(() => this.controller.abort(reason), idleMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  restart(): void {
    this.timer.refresh();
  }

  /** Also ends a request that is not read to its end. */
  stop(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}
