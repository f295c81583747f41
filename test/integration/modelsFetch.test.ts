import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { download } from '../../models/cli/download/download.ts';
import type { ManifestSpec, ModelFile } from '../../schemas/manifest.ts';
import { runModels } from '../models/cliRun.ts';
import { sha256, temporaryFolder, tinyManifest, writeFiles } from '../models/modelFolders.ts';

type Route = (request: IncomingMessage, response: ServerResponse) => void;

const WEIGHTS = randomBytes(300_000);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Server;
let base: string;
let routes: Record<string, Route>;
let asked: { url: string | undefined; range: string | undefined }[];

beforeEach(async () => {
  folder = await temporaryFolder();
  routes = {};
  asked = [];
  server = createServer((request, response) => {
    asked.push({ url: request.url, range: request.headers.range });
    const route = routes[request.url ?? ''];
    if (route === undefined) response.writeHead(404).end('nothing here');
    else route(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  base = `http://127.0.0.1:${address.port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await folder.remove();
});

const whole: Route = (_, response) => response.end(WEIGHTS);

/** Answers ranges as RFC 9110, 14 says. */
const ranged: Route = ({ headers }, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? -1);
  if (from < 0) response.end(WEIGHTS);
  else if (from >= WEIGHTS.length) response.writeHead(416, { 'content-range': `bytes */${WEIGHTS.length}` }).end();
  else {
    const range = `bytes ${from}-${WEIGHTS.length - 1}/${WEIGHTS.length}`;
    response.writeHead(206, { 'content-range': range }).end(WEIGHTS.subarray(from));
  }
};

/** Promises everything, sends the first bytes, and ends the connection. */
function cutAfter(bytes: number): Route {
  return (_, response) => {
    response.writeHead(200, { 'content-length': WEIGHTS.length });
    response.write(WEIGHTS.subarray(0, bytes), () => response.destroy());
  };
}

function redirectTo(location: string): Route {
  return (_, response) => response.writeHead(302, { location }).end('elsewhere');
}

type Weights = ManifestSpec['files']['weights'];

/** Writes a model's folder, without its weights. */
async function writeModel(weights: Weights, name = 'tiny'): Promise<void> {
  const files = { definition: { path: 'model.json' }, weights };
  await writeFiles(join(folder.path, name), { 'model.json': '{}', 'manifest.json': tinyManifest({ name, files }) });
}

function weightsFrom(url: string, changes: Partial<ModelFile> = {}): Weights {
  return { path: 'weights.bin', url, sha256: sha256(WEIGHTS), ...changes };
}

function fetchModels(...args: string[]) {
  return runModels(['fetch', '--models', folder.path, 'tiny', ...args]);
}

const fileAt = (path: string) => readFile(join(folder.path, 'tiny', path));
const filesThere = async () => (await readdir(join(folder.path, 'tiny'))).sort();
const COMPLETE = ['manifest.json', 'model.json', 'weights.bin'];
const INCOMPLETE = ['manifest.json', 'model.json'];

describe('a file that is missing', () => {
  test('is downloaded, and not again', async () => {
    routes['/w'] = whole;
    await writeModel(weightsFrom(`${base}/w`));
    const first = await fetchModels();
    expect(first.code).toBe(0);
    expect(first.out).toBe('tiny 1, model.json: is there\ntiny 1, weights.bin: downloaded, 300000 bytes');
    expect(await fileAt('weights.bin')).toEqual(WEIGHTS);
    expect(await filesThere()).toEqual(COMPLETE);
    await utimes(join(folder.path, 'tiny', 'weights.bin'), 1e9, 1e9);
    const second = await fetchModels();
    expect(second).toMatchObject({ code: 0, out: 'tiny 1, model.json: is there\ntiny 1, weights.bin: is there' });
    expect(asked).toHaveLength(1);
  });

  test('may have a SHA-1 only, and lie in a folder of its own; several are', async () => {
    routes['/a'] = (_, response) => response.end('abc');
    routes['/b'] = whole;
    // SHA-1 of "abc": FIPS 180-2, appendix A.1.
    const sha1 = 'a9993e364706816aba3e25717850c26c9cd0d89d';
    await writeModel([
      { path: 'parts/1/a.bin', url: `${base}/a`, sha1 },
      { path: 'b.bin', url: `${base}/b`, sha256: sha256(WEIGHTS) },
    ]);
    expect((await fetchModels()).code).toBe(0);
    expect((await fileAt('parts/1/a.bin')).toString()).toBe('abc');
    expect(await fileAt('b.bin')).toEqual(WEIGHTS);
  });

  test('without a checksum is downloaded, and its checksum told', async () => {
    routes['/w'] = whole;
    await writeModel({ path: 'weights.bin', url: `${base}/w` });
    const { code, out } = await fetchModels();
    expect(code).toBe(0);
    expect(out).toContain(`the manifest states no checksum, its sha256 is ${sha256(WEIGHTS)}`);
    expect(await filesThere()).toEqual(COMPLETE);
  });

  test('is looked for in all models unless one is named', async () => {
    routes['/w'] = whole;
    await writeModel(weightsFrom(`${base}/w`));
    await writeModel(weightsFrom(`${base}/w`), 'other');
    expect((await fetchModels()).out).not.toContain('other');
    const { code, out } = await runModels(['fetch'], { MODELS_DIR: folder.path });
    expect(code).toBe(0);
    expect(out).toContain('other 1, weights.bin: downloaded');
    expect(out).toContain('mnist-cnn 1, weights.bin: is there');
  });

  test('without a url is a fault', async () => {
    await writeModel({ path: 'weights.bin' });
    expect(await fetchModels()).toMatchObject({ code: 1, out: expect.stringContaining('states no url') });
  });
});

describe('a fault leaves no file behind', () => {
  test.each<[string, Route, RegExp]>([
    ['404', (_, response) => response.writeHead(404).end('no'), /127\.0\.0\.1:\d+ answered 404 Not Found/],
    ['a range that was not asked for', (_, response) => response.writeHead(206).end('x'), /answered 206/],
    [
      'a compressed answer',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      /compressed the file \(gzip\) unasked/,
    ],
    ['an announced size that is too large', whole, /it has 300000 bytes; at most 200000 are accepted/],
    ['redirects in a circle', redirectTo('/w'), /more than 5 redirects/],
    ['a redirect to a file', redirectTo('file:///etc/hostname'), /received an address of file:; allowed are http:/],
    ['a redirect with a password', redirectTo('http://me:secret@127.0.0.1/'), /with a password are refused/],
  ])('%s', async (_, route, message) => {
    routes['/w'] = route;
    await writeModel(weightsFrom(`${base}/w`));
    const { code, out, error } = await fetchModels('--max-bytes', '200000');
    expect(code).toBe(1);
    expect(out).toMatch(message);
    expect(out + error).not.toContain('secret');
    expect(await filesThere()).toEqual(INCOMPLETE);
  });

  test('an endless answer is cut at the largest size', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    routes['/w'] = (_, response) => {
      const send = () => {
        while (response.write(Buffer.alloc(16384)));
        response.once('drain', send);
      };
      ended = once(response, 'close');
      send();
    };
    await writeModel(weightsFrom(`${base}/w`));
    const { code, out } = await fetchModels('--max-bytes', '1000000');
    expect(code).toBe(1);
    expect(out).toMatch(/it has \d+ bytes; at most 1000000 are accepted/);
    expect(await filesThere()).toEqual(INCOMPLETE);
    await ended;
  });

  test('a wrong checksum is told with the right one', async () => {
    routes['/w'] = (_, response) => response.end('another file');
    await writeModel(weightsFrom(`${base}/w`));
    const { code, out } = await fetchModels();
    expect(code).toBe(1);
    expect(out).toContain(`its sha256 is ${sha256('another file')}, but the manifest states ${sha256(WEIGHTS)}`);
    expect(await filesThere()).toEqual(INCOMPLETE);
  });

  test('a right SHA-256 does not excuse a wrong SHA-1', async () => {
    routes['/w'] = whole;
    await writeModel(weightsFrom(`${base}/w`, { sha1: '0'.repeat(40) }));
    expect((await fetchModels()).out).toMatch(/its sha1 is [0-9a-f]{40}, but the manifest states 0{40}/);
    expect(await filesThere()).toEqual(INCOMPLETE);
  });

  test('a server that is not there; the other files are downloaded all the same', async () => {
    routes['/w'] = whole;
    await writeModel([
      { path: 'a.bin', url: 'http://127.0.0.1:1/a' },
      { path: 'weights.bin', url: `${base}/w` },
    ]);
    const { code, out } = await fetchModels();
    expect(code).toBe(1);
    expect(out).toMatch(/a\.bin: FAULT: 127\.0\.0\.1:1 cannot be reached: /);
    expect(await filesThere()).toEqual(COMPLETE);
  });

  test('a place that a link leads out of the folder', async () => {
    routes['/w'] = whole;
    await writeModel(weightsFrom(`${base}/w`, { path: 'parts/deep/weights.bin' }));
    await writeFiles(folder.path, { 'outside/kept': '' });
    await symlink(join(folder.path, 'outside'), join(folder.path, 'tiny', 'parts'));
    const { code, out } = await fetchModels();
    expect(code).toBe(1);
    expect(out).toContain("outside the model's folder");
    expect(await readdir(join(folder.path, 'outside'))).toEqual(['kept']);
    expect(asked).toEqual([]);
  });
});

test('a file that is there and wrong is reported and left', async () => {
  routes['/w'] = whole;
  await writeModel(weightsFrom(`${base}/w`));
  await writeFile(join(folder.path, 'tiny', 'weights.bin'), 'mine');
  const { code, out } = await fetchModels();
  expect(code).toBe(1);
  expect(out).toContain(`its sha256 is ${sha256('mine')}, but the manifest states ${sha256(WEIGHTS)}; remove the file`);
  expect((await fileAt('weights.bin')).toString()).toBe('mine');
  expect(asked).toEqual([]);
});

test('redirects are followed, relative ones too', async () => {
  for (let hop = 0; hop < 5; hop += 1)
    routes[`/hop${hop}`] = redirectTo(hop % 2 ? `/hop${hop + 1}` : `${base}/hop${hop + 1}`);
  routes['/hop5'] = whole;
  await writeModel(weightsFrom(`${base}/hop0`));
  expect((await fetchModels()).code).toBe(0);
  expect(asked.map(({ url }) => url)).toEqual(['/hop0', '/hop1', '/hop2', '/hop3', '/hop4', '/hop5']);
});

describe('a connection that breaks', () => {
  /** Downloads until the connection breaks. @returns how many bytes arrived */
  async function broken(): Promise<number> {
    routes['/w'] = cutAfter(100_000);
    await writeModel(weightsFrom(`${base}/w`));
    const { code, out } = await fetchModels();
    expect(code).toBe(1);
    const bytes = Number(/the connection broke after (\d+) bytes: /.exec(out)?.[1]);
    expect(bytes).toBeGreaterThan(0);
    expect((await filesThere()).filter((name) => !INCOMPLETE.includes(name))).toEqual([
      expect.stringMatching(/^\.weights\.bin\.[0-9a-f]{16}\.part$/),
    ]);
    return bytes;
  }

  test('goes on where it broke', async () => {
    const bytes = await broken();
    routes['/w'] = ranged;
    expect((await fetchModels()).code).toBe(0);
    expect(asked.map(({ range }) => range)).toEqual([undefined, `bytes=${bytes}-`]);
    expect(await fileAt('weights.bin')).toEqual(WEIGHTS);
    expect(await filesThere()).toEqual(COMPLETE);
  });

  test('begins anew with a server that knows no ranges', async () => {
    await broken();
    routes['/w'] = whole;
    expect((await fetchModels()).code).toBe(0);
    expect(await fileAt('weights.bin')).toEqual(WEIGHTS);
  });

  test.each<[string, Route]>([
    [
      'another range',
      (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-9/300000' }).end('0123456789'),
    ],
    ['that there is no such range', (_, response) => response.writeHead(416).end()],
  ])('begins anew with a server that answers %s', async (_, wrong) => {
    await broken();
    routes['/w'] = (request, response) => (request.headers.range ? wrong : whole)(request, response);
    expect((await fetchModels()).code).toBe(0);
    expect(await fileAt('weights.bin')).toEqual(WEIGHTS);
  });

  test('and a file that changed meanwhile are noticed, and the next time begins anew', async () => {
    await broken();
    const [part = ''] = (await filesThere()).filter((name) => name.endsWith('.part'));
    await writeFile(join(folder.path, 'tiny', part), 'of another file');
    routes['/w'] = ranged;
    const { code, out } = await fetchModels();
    expect(code).toBe(1);
    expect(out).toContain('what was downloaded is removed');
    expect(await filesThere()).toEqual(INCOMPLETE);
    expect((await fetchModels()).code).toBe(0);
  });

  test('after the last byte needs no server', async () => {
    await broken();
    const [part = ''] = (await filesThere()).filter((name) => name.endsWith('.part'));
    await writeFile(join(folder.path, 'tiny', part), WEIGHTS);
    expect((await fetchModels()).code).toBe(0);
    expect(asked).toHaveLength(1);
    expect(await filesThere()).toEqual(COMPLETE);
  });

  test('leaves nothing of a file without a checksum, whose parts might not belong together', async () => {
    routes['/w'] = cutAfter(100_000);
    await writeModel({ path: 'weights.bin', url: `${base}/w` });
    expect((await fetchModels()).code).toBe(1);
    expect(await filesThere()).toEqual(INCOMPLETE);
  });
});

describe('a download', () => {
  const destination = () => ({ path: join(folder.path, 'file'), partial: join(folder.path, 'file.part') });
  const options = { maxBytes: 1e9, idleMs: 10_000, onProgress: () => undefined };

  test.each<[string, Route, RegExp]>([
    ['never answers', () => undefined, /cannot be reached: nothing was received for 100 ms/],
    ['falls silent', (_, response) => response.write('x'), /broke after 1 bytes: nothing was received for 100 ms/],
  ])('from a server that %s ends', async (_, route, message) => {
    routes['/w'] = route;
    const started = download(`${base}/w`, { path: 'file' }, destination(), { ...options, idleMs: 100 });
    await expect(started).rejects.toThrow(message);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('tells how far it is', async () => {
    routes['/w'] = (_, response) => response.writeHead(200, { 'content-length': WEIGHTS.length }).end(WEIGHTS);
    const seen: [number, number | null][] = [];
    const onProgress = (bytes: number, total: number | null) => seen.push([bytes, total]);
    await download(`${base}/w`, { path: 'file' }, destination(), { ...options, onProgress });
    expect(seen.at(-1)).toEqual([WEIGHTS.length, WEIGHTS.length]);
  });
});
