import { ImportFault } from '../../faults.ts';
import type { Attributes } from '../attributes.ts';
import type { ExternalData } from '../externalData.ts';
import { readTensor } from '../tensors.ts';
import { type Constant, constant, integers } from '../values.ts';
import { ELEMENTWISE_FOLDERS } from './elementwise.ts';
import type { ConstantNode, Folder } from './node.ts';
import { SHAPING_FOLDERS } from './shaping.ts';

const FOLDERS: Readonly<Record<string, Folder>> = { ...ELEMENTWISE_FOLDERS, ...SHAPING_FOLDERS };

/** The operators that are computed at import where all their inputs are constant. */
export const FOLDED_OPERATORS: readonly string[] = ['Constant', ...Object.keys(FOLDERS)];

/** The value of a node that only depends on constants. @throws ImportFault */
export function fold(node: ConstantNode): Constant {
  const folder = Object.hasOwn(FOLDERS, node.type) ? FOLDERS[node.type] : undefined;
  if (folder === undefined) throw new ImportFault('is not computed of constants at import');
  return folder(node);
}

/** The value of a Constant node. @throws ImportFault */
export function constantOf(attributes: Attributes, external: ExternalData): Constant {
  const tensor = attributes.tensor('value');
  if (tensor !== undefined) return readTensor(tensor, external);
  const float = attributes.float('value_float');
  const floats = float === undefined ? attributes.floats('value_floats') : [float];
  if (floats !== undefined) {
    return constant('float', float === undefined ? [floats.length] : [], Float32Array.from(floats));
  }
  const int = attributes.int('value_int');
  if (int !== undefined) return integers([int], []);
  const ints = attributes.ints('value_ints');
  if (ints !== undefined) return integers(ints);
  throw new ImportFault('holds no tensor, number or list of numbers');
}
