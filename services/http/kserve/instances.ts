import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../../models/tensors/tensor.ts';
import { base64Bytes } from '../../../schemas/base64.ts';
import { faultAt } from '../../../schemas/errors.ts';
import { jsonPointer, parseOrRefuse } from '../../../schemas/faults.ts';
import { received } from '../../../schemas/issues.ts';
import { Target } from '../../../schemas/target.ts';
import type { ExplanationService } from '../../compute/explanation.ts';
import { flatten, nameOf, type Path } from '../serving/nestedArrays.ts';

/** One instance of a request, and what is to be explained of it where it says so itself. */
export interface Instance {
  readonly input:
    | { readonly kind: 'image'; readonly bytes: Uint8Array }
    | { readonly kind: 'values'; readonly values: Float32Array };
  readonly target?: Target | undefined;
}

/** Images that are decoded at a time. */
const DECODED_TOGETHER = 8;

const FORMS = 'lists of numbers, {"b64": ...} or {"data": ...}';

/**
 * Reads the three forms of an instance: nested lists, `{"b64"}`, and `{"data"}` of lists, of base64 or of `{"b64"}`.
 * @throws ElucidError `invalid`
 */
export function readInstance(value: unknown, model: RegisteredModel, path: Path): Instance {
  if (!isRecord(value)) return { input: readInput(value, model, path) };
  const { target, ...rest } = value;
  const [[key, content] = ['', undefined], ...others] = Object.entries(rest);
  if ((key !== 'b64' && key !== 'data') || others.length > 0) {
    const keys = Object.keys(value).slice(0, 5).join(', ');
    throw faultAt(
      'invalid',
      jsonPointer(path),
      `${nameOf(path)} must be ${FORMS}; received an object with ${keys || 'no keys'}`,
    );
  }
  const at = [...path, key];
  const input = key === 'b64' ? readImage(content, model, at) : readInput(content, model, at);
  return target === undefined ? { input } : { input, target: parseOrRefuse(Target, target, [...path, 'target']) };
}

function readInput(content: unknown, model: RegisteredModel, path: Path): Instance['input'] {
  if (typeof content === 'string') return readImage(content, model, path);
  if (isRecord(content) && 'b64' in content) return readImage(content['b64'], model, [...path, 'b64']);
  return { kind: 'values', values: flatten(content, model.manifest.input.shape, path) };
}

function readImage(text: unknown, { manifest: { name, input } }: RegisteredModel, path: Path): Instance['input'] {
  if (input.kind !== 'image') {
    const allowed = `lists of numbers nested as [${input.shape.join(', ')}]`;
    throw faultAt('invalid', jsonPointer(path), `${name} takes ${allowed}${received(text)}`);
  }
  return { kind: 'image', bytes: parseOrRefuse(base64Bytes, text, path) };
}

/** All instances as one batch [N, ...input shape]. */
export async function batchOf(
  instances: readonly Instance[],
  model: RegisteredModel,
  service: Pick<ExplanationService, 'decode'>,
  signal: AbortSignal,
): Promise<ArrayTensor> {
  const { shape } = model.manifest.input;
  const size = sizeOf(shape);
  const data = new Float32Array(instances.length * size);
  const write = async ({ input }: Instance, row: number) => {
    const values = input.kind === 'values' ? input.values : (await service.decode(model, input.bytes, signal)).data;
    data.set(values, row * size);
  };
  for (let from = 0; from < instances.length; from += DECODED_TOGETHER) {
    const some = instances.slice(from, from + DECODED_TOGETHER);
    await Promise.all(some.map((instance, i) => write(instance, from + i)));
  }
  return arrayTensor([instances.length, ...shape], data);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
