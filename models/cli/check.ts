import { FileHashes } from '../registry/fileHashes.ts';
import { modelsOf } from '../registry/liveRegistry.ts';
import type { RegisteredModel, RegistryEntry } from '../registry/registeredModel.ts';
import { openRegistry } from '../registry/registry.ts';
import { TensorStore } from '../tensors/store.ts';
import { argumentsOf } from './arguments.ts';
import { modelRoots, storeFolder } from './folders.ts';
import { verifyStore } from './storeFaults.ts';
import { tryImport } from './trialImport.ts';
import { type Command, EXIT, type Printer, UsageError } from './usage.ts';

const usage = `npm run models -- check [--models DIR] [--import] [NAME]

Checks the models of models/zoo and of DIR, or those called NAME: their manifests, and the checksums of their files, all of
which are read anew. Then verifies what the tensor store (CACHE_DIR) holds of these models, of all without NAME;
damaged files are removed, and made anew when they are needed.

  --models DIR   folder of further models (default: MODELS_DIR)
  --import       import each model too, into a temporary folder

Exit code: 0 all is well, 1 faults were found, 2 the command line was not understood.`;

/** Checks models, their files and what was made of them. */
export const check: Command = {
  summary: 'check manifests, files and the tensor store',
  usage,
  async run(args, environment, print) {
    const options = { models: { type: 'string' }, import: { type: 'boolean', default: false } } as const;
    const { values, positionals } = argumentsOf(args, options, 1);
    const [name] = positionals;
    const store = await TensorStore.open(storeFolder(environment));
    const hashes = await FileHashes.open(store.root, { anew: true });
    const registry = await openRegistry(modelRoots(values.models, environment, name), hashes);
    const entries = registry.list();
    if (name !== undefined && entries.length === 0) throw new UsageError(`there is no model ${JSON.stringify(name)}`);
    let faults = 0;
    for (const entry of entries) faults += await reportModel(entry, values.import, print);
    const models = modelsOf(registry);
    const folders = await store.folders();
    const wanted = name === undefined ? folders : folders.filter((folder) => models.some(({ id }) => id === folder));
    faults += await reportStore(store, wanted, models, print);
    print.out(faults === 0 ? 'all is well' : `${faults} ${faults === 1 ? 'fault' : 'faults'}`);
    return faults === 0 ? EXIT.well : EXIT.faults;
  },
};

/** Prints what there is to say of one model. @returns the number of its faults */
async function reportModel(entry: RegistryEntry, imports: boolean, print: Printer): Promise<number> {
  if (entry.state === 'failed') {
    print.out(`${entry.name} ${entry.version ?? '-'}: FAULT: ${entry.reason}`);
    return 1;
  }
  const { model } = entry;
  print.out(`${titleOf(model)}: ${filesOf(model)}`);
  if (!imports) return 0;
  const trial = await tryImport(model);
  if (trial.state === 'failed') {
    print.out(`${titleOf(model)}: FAULT: ${trial.reason}`);
    return 1;
  }
  print.out(`${titleOf(model)}: imports, ${trial.layers} layers, ${trial.parameters} parameters`);
  return 0;
}

function titleOf({ manifest: { name, version } }: RegisteredModel): string {
  return `${name} ${version}`;
}

function filesOf({ manifest: { files }, definition, weights }: RegisteredModel): string {
  const read = [...(definition === null ? [] : [definition]), ...weights];
  const bytes = read.reduce((sum, file) => sum + file.bytes, 0);
  const stated = 'random' in files.weights ? [files.definition] : [files.definition, files.weights].flat();
  const unstated = stated.flatMap((file) => (file && !file.sha256 && !file.sha1 ? [file.path] : []));
  const missing = unstated.length === 0 ? 'checksums match' : `no checksum is stated of ${unstated.join(', ')}`;
  return `${read.length} ${read.length === 1 ? 'file' : 'files'}, ${bytes} bytes, ${missing}`;
}

/** Verifies folders of the tensor store and prints what was found. @returns the number of damaged files */
async function reportStore(
  store: TensorStore,
  folders: readonly string[],
  models: readonly RegisteredModel[],
  print: Printer,
): Promise<number> {
  const findings = await verifyStore(store, folders);
  for (const { folder, damaged } of findings) {
    const users = models.filter(({ id }) => id === folder).map(titleOf);
    const owner = users.join(', ') || `${folder} (of no model here)`;
    for (const name of damaged) print.out(`tensor store, ${owner}: FAULT: ${name} was damaged and is removed`);
  }
  const faults = findings.reduce((sum, { damaged }) => sum + damaged.length, 0);
  if (faults === 0)
    print.out(`tensor store: ${folders.length} ${folders.length === 1 ? 'network' : 'networks'}, all whole`);
  return faults;
}
