import { createHash } from 'node:crypto';
import type { Tensor } from '../../models/tensors/tensor.ts';
import { type Graph, type Value, valuesOf } from './graph.ts';

/** What a tensor holds, as text: the name of its file in the store, or the hash of its values. */
export function tensorIdentity(tensor: Tensor): string {
  const content =
    tensor.kind === 'stored'
      ? `${tensor.folder}/${tensor.key}`
      : sha256(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  return `${content} [${tensor.shape.join()}]`;
}

/**
 * For each of the values (given after their inputs) the hash of the expression that computes it. Equal expressions have
 * equal hashes in every graph, process and run of the program.
 */
export function expressionHashes(values: readonly Value[]): ReadonlyMap<Value, string> {
  const hashes = new Map<Value, string>();
  for (const value of values) {
    const { operation, inputs, shape } = value;
    const own =
      operation.name === 'constant'
        ? `constant ${tensorIdentity(operation.tensor)}`
        : `${JSON.stringify(operation)} [${shape.join()}]`;
    hashes.set(value, sha256([own, ...inputs.map((input) => hashes.get(input) ?? '')].join('\n')));
  }
  return hashes;
}

/** The hash of everything that a graph computes: its outputs by name, and its inputs. */
export function graphHash(graph: Graph): string {
  const hashes = expressionHashes([
    ...graph.inputs,
    ...valuesOf(graph).filter((value) => !graph.inputs.includes(value)),
  ]);
  const outputs = Object.entries(graph.outputs).map(([name, value]) => `${name} = ${hashes.get(value)}`);
  return sha256([...graph.inputs.map((input) => hashes.get(input)), ...outputs].join('\n'));
}

/** Hexadecimal SHA-256 of text or bytes. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
