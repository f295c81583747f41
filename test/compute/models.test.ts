import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { manifestSchema } from '../../schemas/manifest.ts';
import type { ExplainPool } from '../../services/compute/explainPool.ts';
import type { KnownModel } from '../../services/compute/explainTask.ts';
import { InFlight } from '../../services/compute/inFlight.ts';
import { hasEnded, LiveLoads } from '../../services/compute/liveLoads.ts';
import { Models } from '../../services/compute/models.ts';

const network: Network = {
  id: 'id',
  inputShape: [2],
  layers: [{ name: 'relu', inputs: [-1], shape: [2], type: 'activation', function: { name: 'relu' } }],
  output: 0,
  outputFunction: 'none',
};

function registered(name: string): RegisteredModel {
  const manifest = manifestSchema.parse({
    name,
    version: '1',
    format: 'onnx',
    files: { weights: { path: 'weights' } },
    input: { kind: 'tensor', shape: [2] },
    output: { kind: 'regression' },
  });
  return {
    manifest,
    folder: '/nowhere',
    id: `network of ${name}`,
    fingerprint: name,
    sha256: '',
    definition: null,
    weights: [],
    labels: null,
    box: null,
    meanImage: null,
    companions: { density: null, generator: null, codeRange: null, classMeans: null },
  };
}

/** A pool that has every model's network at once; each weighs 10 bytes. */
function fakePool() {
  const inFlight = new InFlight();
  const loaded: string[] = [];
  const pool = {
    failure: null as Error | null,
    loaded,
    inFlight,
    announced: 0,
    load: async ({ registered: { manifest } }: KnownModel) => {
      if (pool.failure !== null) throw pool.failure;
      loaded.push(manifest.name);
      return { network, memoryBytes: 10 };
    },
    whenIdle: (id: string, act: () => void) => inFlight.whenIdle(id, act),
    announceLoads: () => {
      pool.announced += 1;
    },
  };
  return pool;
}

let pool: ReturnType<typeof fakePool>;
let loads: LiveLoads;
let models: Models;
let failed: string[];
const [a, b, c] = [registered('a'), registered('b'), registered('c')];
const load = (model: RegisteredModel) => models.use(model, async (loaded) => loaded);
const states = () => [a, b, c].map((model) => models.stateOf(model).state);

beforeEach(() => {
  pool = fakePool();
  loads = new LiveLoads();
  failed = [];
  models = new Models(
    pool as Pick<ExplainPool, 'load' | 'whenIdle' | 'announceLoads'> as ExplainPool,
    loads,
    25,
    (model) => failed.push(model.manifest.name),
  );
});

test('a model is loaded once', async () => {
  expect(states()).toEqual(['idle', 'idle', 'idle']);
  const [first, second] = [load(a), load(a)];
  expect(models.stateOf(a).state).toBe('loading');
  expect(await first).toBe(await second);
  expect(states()).toEqual(['ready', 'idle', 'idle']);
  expect(pool.loaded).toEqual(['a']);
});

test('the one that was used longest ago goes when they weigh too much, and is loaded again', async () => {
  for (const model of [a, b, a, c]) await load(model);
  expect(states()).toEqual(['ready', 'idle', 'ready']);
  expect(loads.inUse().live).toHaveLength(2);
  expect(pool.announced).toBe(1);
  await load(b);
  expect(states()).toEqual(['idle', 'ready', 'ready']);
  expect(pool.loaded).toEqual(['a', 'b', 'c', 'b']);
});

test('a model that is unloaded stays in the workers until its last request is done', async () => {
  let finish = () => {};
  const running = models.use(a, () => new Promise<void>((resolve) => (finish = resolve)));
  await load(b);
  await load(c);
  expect(states()).toEqual(['idle', 'ready', 'ready']);
  expect(loads.inUse().live).toHaveLength(3);
  finish();
  await running;
  expect(loads.inUse().live).toHaveLength(2);
});

test('one model stays, whatever it weighs', async () => {
  models = new Models(
    pool as Pick<ExplainPool, 'load' | 'whenIdle' | 'announceLoads'> as ExplainPool,
    loads,
    0,
    () => undefined,
  );
  await load(a);
  expect(states()).toEqual(['ready', 'idle', 'idle']);
  await load(b);
  expect(states()).toEqual(['idle', 'ready', 'idle']);
});

test('models that are not there any more are unloaded', async () => {
  await Promise.all([load(a), load(b)]);
  models.retain([b, c]);
  expect(states()).toEqual(['idle', 'ready', 'idle']);
  expect(loads.inUse().live).toHaveLength(1);
});

test('a model that failed says why, and is tried again', async () => {
  pool.failure = new ElucidError('model-failed', 'no weights');
  await expect(load(a)).rejects.toThrow('no weights');
  expect(models.stateOf(a)).toEqual({ state: 'failed', reason: 'no weights' });
  expect(loads.inUse().live).toEqual([]);
  pool.failure = null;
  await load(a);
  expect(models.stateOf(a).state).toBe('ready');
});

test.each([
  ['to load', 'model-failed', ['a']],
  ['to load, for a reason that is not its files', 'worker-lost', []],
] as const)('a model that failed %s is reported if its files are why', async (_, code, reported) => {
  pool.failure = new ElucidError(code, 'no');
  await expect(load(a)).rejects.toThrow('no');
  expect(failed).toEqual(reported);
});

test('a model whose files are found bad when the store has lost its tensors is reported', async () => {
  const work = async () => Promise.reject(new ElucidError('model-failed', 'the file weights has changed'));
  await expect(models.use(a, work)).rejects.toThrow('has changed');
  expect(failed).toEqual(['a']);
});

test('a network is repaired when nothing uses it, and loaded again only after that', async () => {
  const happened: string[] = [];
  await load(a);
  let finish = () => {};
  const running = pool.inFlight.during(a.id, () => new Promise<void>((resolve) => (finish = resolve)));
  const repaired = models.repair(
    a.id,
    () => happened.push('removed'),
    async () => {
      happened.push('mended');
    },
  );
  const again = load(a).then(() => happened.push('loaded'));
  await load(b);
  expect(happened).toEqual([]);
  finish();
  await Promise.all([running, repaired, again]);
  expect(happened).toEqual(['removed', 'mended', 'loaded']);
  expect(pool.loaded).toEqual(['a', 'b', 'a']);
});

test('a worker forgets loads that have ended, and none that are newer than the message', () => {
  const [first, second] = [loads.begin(), loads.begin()];
  loads.end(first);
  const message = loads.inUse();
  const third = loads.begin();
  expect([first, second, third].map((load) => hasEnded(load, message))).toEqual([true, false, false]);
});
