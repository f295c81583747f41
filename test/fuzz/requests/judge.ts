import { homedir, tmpdir } from 'node:os';
import type { Contract } from '../../http/contract.ts';
import type { RawAnswer, RawRequest } from './rawRequest.ts';

/** What no answer may tell: places of this machine, and stacks. */
const SECRETS = [process.cwd(), `${tmpdir()}/`, `${homedir()}/`, 'node_modules', 'node:internal'];
const STACK = /\n?\s+at .+:\d+:\d+|\.[jt]s:\d+/;

/** What bytes are answered that never became a request. */
const NO_REQUEST: ReadonlySet<number> = new Set([400, 408, 431]);

/**
 * What is wrong with the answer to a request that may be as bad as it likes: a status above 499 but 503, an error that is no problem document, a
 * stack or a path, or anything that the document does not say.
 */
export function faultsOf(request: RawRequest, answer: RawAnswer | null, contract: Contract): string[] {
  // A client that closes its half is taken for gone.
  if (answer === null) return request.missing > 0 ? [] : ['the connection was closed without an answer'];
  const { status, body } = answer;
  const headers = Object.fromEntries(answer.headers);
  const text = body.toString('utf8');
  const told = SECRETS.filter((secret) => text.includes(secret) && !JSON.stringify(request.target).includes(secret));
  const isHead = request.method === 'HEAD';
  return [
    ...(status >= 500 && status !== 503 ? [`the status is ${status}: ${text.slice(0, 300)}`] : []),
    ...(status >= 400 && !isHead && !String(headers['content-type']).startsWith('application/problem+json')
      ? [`an error ${status} of type ${headers['content-type']}: ${text.slice(0, 300)}`]
      : []),
    ...told.map((secret) => `the answer tells ${secret}`),
    ...(status >= 400 && STACK.test(text) ? [`the answer looks like a stack: ${text.slice(0, 300)}`] : []),
    ...(headers['x-request-id'] === undefined ? ['the header X-Request-Id is missing'] : []),
    // Node's parser knows no routes.
    ...(NO_REQUEST.has(status) && headers['connection'] === 'close'
      ? []
      : contract.faults({ method: request.method, url: request.target, status, headers, body })),
  ];
}
