import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { Contract, type SeenAnswer } from './contract.ts';

/**
 * Judges every answer of an app by its own OpenAPI document, those of `inject` and those that go over sockets; `close` of
 * the app fails with what was not documented.
 * @param isRelayed whether predictions are answers of another server, handed on as they are
 */
export async function watchAnswers(app: FastifyInstance, { isRelayed = false } = {}): Promise<void> {
  const contract = new Contract((await app.inject('/openapi.json')).json());
  const faults = new Set<string>();
  const judge = (answer: SeenAnswer) => {
    if (isRelayed && answer.url.endsWith(':predict')) return;
    for (const fault of contract.faults(answer)) faults.add(fault);
  };
  app.server.prependListener('request', ({ method = '', url = '' }, response) => {
    record(response, ({ status, headers, body }) => judge({ method, url, status, headers, body }));
  });
  const close = app.close.bind(app);
  const inject = app.inject.bind(app) as (options: string | InjectOptions) => Promise<LightMyRequestResponse>;
  Object.assign(app, {
    inject: async (options: string | InjectOptions) => {
      const answer = await inject(options);
      const { method = '', url = '' } = answer.raw.req;
      judge({ method, url, status: answer.statusCode, headers: answer.headers, body: answer.rawPayload });
      return answer;
    },
    close: async () => {
      await close();
      if (faults.size > 0)
        throw new Error(`answers that the OpenAPI document does not have:\n${[...faults].join('\n')}`);
    },
  });
}

type Recorded = Pick<SeenAnswer, 'status' | 'headers' | 'body'>;

/** Calls back with an answer when all of it was written. */
function record(response: ServerResponse, done: (answer: Recorded) => void): void {
  const chunks: Buffer[] = [];
  const { write, end, writeHead } = response;
  let head: OutgoingHttpHeaders = {};
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
  };
  response.write = ((...args: Parameters<typeof write>) => {
    keep(args[0]);
    return write.apply(response, args);
  }) as typeof write;
  response.end = ((...args: Parameters<typeof end>) => {
    keep(args[0]);
    return end.apply(response, args);
  }) as typeof end;
  response.writeHead = ((...args: Parameters<typeof writeHead>) => {
    const given = args.find((arg) => typeof arg === 'object');
    head = given === undefined || Array.isArray(given) ? {} : { ...given };
    return writeHead.apply(response, args);
  }) as typeof writeHead;
  response.once('finish', () => {
    done({ status: response.statusCode, headers: { ...response.getHeaders(), ...head }, body: Buffer.concat(chunks) });
  });
}
