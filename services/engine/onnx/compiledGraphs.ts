import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { linkedTensor, MissingTensorError, type TensorStore } from '../../../models/tensors/store.ts';
import type { StoredTensor } from '../../../models/tensors/tensor.ts';
import type { Executable, NamedTensors } from '../engine.ts';
import { foldConstants, storedTensors } from '../folding.ts';
import type { Graph } from '../graph.ts';
import { graphHash, sha256 } from '../identity.ts';
import { encodeOnnx } from './model.ts';
import { splitStridePhases } from './stridePhases.ts';

/** Part of the key of compiled graphs: raise it when the same graph is written differently. */
const COMPILER_VERSION = 2;
const RUNTIME = z.object({ version: z.string() });
const RUNTIME_VERSION = RUNTIME.parse(createRequire(import.meta.url)('onnxruntime-node/package.json')).version;

/** What lies beside a compiled graph: its checksum and the tensors it maps. */
const Description = z.object({
  sha256: z.string(),
  tensors: z.array(
    z.object({ kind: z.literal('stored'), shape: z.array(z.number()), folder: z.string(), key: z.string() }),
  ),
});

/** A compiled graph in the tensor store. */
interface Written {
  readonly folder: string;
  readonly name: string;
  /** What it maps. */
  readonly tensors: readonly StoredTensor[];
}

/**
 * The `.onnx` files in the tensor store, each beside the tensors that it refers to as external data; those of other models
 * are linked into its folder.
 */
export class CompiledGraphs {
  private readonly store: TensorStore;
  private readonly open: (graph: Graph, path: string) => Promise<Executable>;

  constructor(store: TensorStore, open: (graph: Graph, path: string) => Promise<Executable>) {
    this.store = store;
    this.open = open;
  }

  /**
   * Opens the compiled graph: found from earlier when it and all it maps are whole, else written now.
   * @throws MissingTensorError when a file of it is deleted meanwhile
   */
  async compile(graph: Graph, folder: string): Promise<Executable> {
    return this.openWritten(graph, await this.provide(graph, folder));
  }

  /** Path of the compiled graph. */
  async pathOf(graph: Graph, folder: string): Promise<string> {
    const { name } = await this.provide(graph, folder);
    return this.store.companion(folder, `${name}.onnx`);
  }

  private async provide(graph: Graph, folder: string): Promise<Written> {
    const name = `graph-${sha256(`${graphHash(graph)} ${COMPILER_VERSION} ${RUNTIME_VERSION}`)}`;
    const found = await this.find(folder, name);
    if (found !== null) {
      await this.store.touch(folder, [`${name}.onnx`, `${name}.json`, ...found.map(({ key }) => `${key}.bin`)]);
      return { folder, name, tensors: found };
    }
    const folded = await foldConstants(splitStridePhases(graph), folder, this.store, (part) =>
      this.evaluate(part, folder),
    );
    return this.write(folded, folder, name);
  }

  private async openWritten(graph: Graph, { folder, name, tensors }: Written): Promise<Executable> {
    try {
      return await this.open(graph, await this.store.companion(folder, `${name}.onnx`));
    } catch (error) {
      await Promise.all(tensors.map((tensor) => this.store.path(tensor)));
      if ((await this.store.readFile(folder, `${name}.onnx`)) !== null) throw error;
      throw new MissingTensorError(`the compiled graph ${name} of ${folder} was deleted before it could be opened`);
    }
  }

  /** The tensors that a graph compiled earlier maps; null when it or one of them is not there whole. */
  private async find(folder: string, name: string): Promise<readonly StoredTensor[] | null> {
    const model = await this.store.readFile(folder, `${name}.onnx`);
    const text = await this.store.readFile(folder, `${name}.json`);
    const description = Description.safeParse(parseJson(text));
    if (model === null || !description.success || sha256(model) !== description.data.sha256) return null;
    const { tensors } = description.data;
    const present = await Promise.all(tensors.map((tensor) => this.store.has(tensor)));
    return present.every(Boolean) ? tensors : null;
  }

  private async write(graph: Graph, folder: string, name: string): Promise<Written> {
    const tensors = await Promise.all(storedTensors(graph).map((tensor) => this.store.link(tensor, folder)));
    const model = encodeOnnx(graph, (tensor) => ({ file: `${linkedTensor(tensor, folder).key}.bin` }));
    await this.store.touch(
      folder,
      tensors.map(({ key }) => `${key}.bin`),
    );
    const description = JSON.stringify({ sha256: sha256(model), tensors });
    await this.store.writeFile(folder, `${name}.json`, new TextEncoder().encode(description));
    await this.store.writeFile(folder, `${name}.onnx`, model);
    return { folder, name, tensors };
  }

  private async evaluate(graph: Graph, folder: string): Promise<NamedTensors> {
    const name = `derive-${randomUUID()}`;
    try {
      const executable = await this.openWritten(graph, await this.write(graph, folder, name));
      try {
        return await executable.run({});
      } finally {
        await executable.dispose();
      }
    } finally {
      await Promise.all([this.store.remove(folder, `${name}.onnx`), this.store.remove(folder, `${name}.json`)]);
    }
  }
}

function parseJson(text: Buffer | null): unknown {
  try {
    return text === null ? null : JSON.parse(text.toString());
  } catch {
    return null; // cut short: the same as not there
  }
}
