import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { sizeOf } from '../../../models/tensors/tensor.ts';
import { ElucidError, faultAt } from '../../../schemas/errors.ts';
import type { HttpContext } from '../context.ts';

const FLOAT_BYTES = 4;

/**
 * Refuses more inputs than one request may have: as many as runs of the network are allowed, and together no larger, as
 * float32, than an upload. Small encoded images become large tensors.
 * @param pointer where the inputs lie in the request
 * @throws ElucidError `invalid`, `too-large`
 */
export function limitInputs(
  count: number,
  { manifest }: RegisteredModel,
  { MAX_RUNS, MAX_UPLOAD_BYTES }: HttpContext['config'],
  pointer: string,
): void {
  if (count > MAX_RUNS) {
    throw faultAt('invalid', pointer, `this costs ${count} runs of the network; allowed are ${MAX_RUNS}`);
  }
  const { shape } = manifest.input;
  const bytes = count * sizeOf(shape) * FLOAT_BYTES;
  if (bytes > MAX_UPLOAD_BYTES) {
    const what = `${count} inputs of shape [${shape.join(', ')}] are ${bytes} bytes as float32`;
    throw new ElucidError('too-large', `${what}; allowed are ${MAX_UPLOAD_BYTES}`);
  }
}
