import { availableParallelism } from 'node:os';
import { loadNetwork } from '../models/networkStore.ts';
import { TensorStore } from '../models/tensors/store.ts';
import { createOnnxEngine } from '../services/engine/onnx/engine.ts';
import { SINGLE, timeMethods } from './methodRuns.ts';
import { memoryOfTree } from './processes.ts';

/** Prints the memory of this process (MiB, PSS) when it has run deep Taylor on a network of a store, in batches of a size. */
const [root = '', id = '', batch = '1'] = process.argv.slice(2);
const store = await TensorStore.open(root);
const network = await loadNetwork(id, store);
if (network === null) throw new Error(`no network ${id} in ${root}`);
const engine = createOnnxEngine({ store, threads: availableParallelism() });
const deepTaylor = SINGLE.filter(({ method }) => method === 'deep-taylor');
await timeMethods(engine, { network, box: { low: -128, high: 128 } }, deepTaylor, Number(batch), 2, async () => {
  process.stdout.write(String((await memoryOfTree(process.pid)).pssMib));
});
