import { type Agent, request } from 'node:http';

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** From the first byte out to the last byte in. */
  readonly ms: number;
}

/** Longest that an answer may take before it counts as lost. */
const PATIENCE_MS = 60_000;

/** @throws Error when the connection ends, or nothing comes, before the answer is whole */
export function ask(url: string, asked: Asked, agent?: Agent): Promise<Answer> {
  const { method = asked.body === undefined ? 'GET' : 'POST', path, headers = {}, body = Buffer.alloc(0) } = asked;
  const length = method === 'GET' ? {} : { 'content-length': String(body.length) };
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, timeout: PATIENCE_MS };
    const sent = request(`${url}${path}`, agent === undefined ? options : { ...options, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks), ms: performance.now() - started });
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    sent.once('error', reject);
    sent.end(body);
  });
}

export function json(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Asked {
  return { path, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(JSON.stringify(body)) };
}
