import { InferenceSession } from 'onnxruntime-node';
import type { TensorStore } from '../../../models/tensors/store.ts';
import { type Engine, EngineError, type Executable } from '../engine.ts';
import type { Graph } from '../graph.ts';
import { CompiledGraphs } from './compiledGraphs.ts';
import { OnnxExecutable } from './executable.ts';

export interface OnnxEngineOptions {
  readonly store: TensorStore;
  /** Threads of one run; 1 is best for small networks. */
  readonly threads: number;
  /** ONNX Runtime's execution providers, in order of preference. */
  readonly providers?: readonly string[];
}

/**
 * ONNX Runtime. A graph is written once as an `.onnx` file beside the tensors that it refers to as external data, and
 * opened from its path, so that weights are mapped and shared by all sessions and processes. Compiled files stay over
 * restarts: their name is the hash of the graph and of the versions of this compiler and of the runtime.
 */
export function createOnnxEngine({ store, threads, providers = ['cpu'] }: OnnxEngineOptions): Engine {
  const open = async (path: string): Promise<InferenceSession> => {
    try {
      return await InferenceSession.create(path, sessionOptions(threads, providers));
    } catch (error) {
      throw new EngineError(`ONNX Runtime cannot open the compiled graph: ${messageOf(error)}`, { cause: error });
    }
  };
  const graphs = new CompiledGraphs(store, async (graph, path) => new OnnxExecutable(graph, await open(path)));
  return {
    name: `onnx/${providers[0] ?? 'cpu'}`,
    mapsConstants: providers.every((provider) => provider === 'cpu'),
    compile: (graph: Graph, folder: string): Promise<Executable> => graphs.compile(graph, folder),
    async dispose() {},
  };
}

function sessionOptions(threads: number, providers: readonly string[]): InferenceSession.SessionOptions {
  return {
    executionProviders: [...providers],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { disable_prepacking: '1', intra_op: { allow_spinning: '0' } } },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
