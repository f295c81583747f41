import { DownloadFault } from './fault.ts';

/** Most redirects that are followed. */
const MAX_REDIRECTS = 5;

/** Longest answer in a message, of what a server says. */
const SHOWN = 200;

/** What a server answered, with a body that is still to be read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * GET of an address, from a byte on, following redirects between http and https, but not from https to http.
 * @param from first byte that is wanted; 0 asks for everything
 * @throws DownloadFault unless the answer is 200, 206 or 416
 */
export async function request(address: string, from: number, signal: AbortSignal): Promise<Answer> {
  let url = checked(address, null);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await send(url, from, signal);
    const { status, headers, body } = response;
    const location = status >= 300 && status < 400 ? headers.get('location') : null;
    if (location === null) return answered(response, url);
    await body?.cancel();
    url = checked(location, url);
  }
  throw new DownloadFault(`more than ${MAX_REDIRECTS} redirects`);
}

/** An address that may be asked. */
function checked(address: string, before: URL | null): URL {
  if (!URL.canParse(address, before?.href)) throw new DownloadFault(`not an address: ${shown(address)}`);
  const url = new URL(address, before?.href);
  if (url.username !== '' || url.password !== '') throw new DownloadFault('addresses with a password are refused');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new DownloadFault(`received an address of ${shown(url.protocol)}; allowed are http: and https:`);
  }
  if (before?.protocol === 'https:' && url.protocol === 'http:') {
    throw new DownloadFault(`${before.host} redirects from https to http, ${shown(url.href)}: refused`);
  }
  return url;
}

async function send(url: URL, from: number, signal: AbortSignal): Promise<Response> {
  const headers = { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) };
  try {
    return await fetch(url, { headers, redirect: 'manual', signal });
  } catch (error) {
    throw new DownloadFault(`${url.host} cannot be reached: ${networkReason(error, signal)}`);
  }
}

async function answered(response: Response, { host }: URL): Promise<Answer> {
  const { status, statusText, headers } = response;
  const encoding = headers.get('content-encoding') ?? 'identity';
  const isWanted = (status === 200 || status === 206 || status === 416) && encoding === 'identity';
  if (isWanted) return { status, headers, body: chunksOf(response) };
  await response.body?.cancel();
  if (encoding !== 'identity') throw new DownloadFault(`${host} compressed the file (${shown(encoding)}) unasked`);
  throw new DownloadFault(`${host} answered ${status} ${shown(statusText)}`);
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body;
}

/** Why a connection failed: `fetch` hides the reason in the cause of its error. */
export function networkReason(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return messageOf(signal.reason);
  const cause = typeof error === 'object' && error !== null ? Reflect.get(error, 'cause') : undefined;
  return shown(messageOf(cause ?? error));
}

function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  return String(Reflect.get(error, 'message') || Reflect.get(error, 'code') || error);
}

/** Text of a server, fit for a message. */
function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, SHOWN);
}
