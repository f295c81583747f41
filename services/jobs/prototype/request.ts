import type { PrototypeRequest } from '../../../schemas/prototype.ts';

/**
 * A validated request as the JSON body of POST /prototype, which `parsePrototype` reads back to the same request.
 * @param version of the model that was chosen when the job was submitted
 */
export function prototypeJobRequest(request: PrototypeRequest, version: string): Record<string, unknown> {
  const { init } = request;
  if (init === undefined || typeof init === 'string') return { ...request, version };
  if (init.image !== undefined) return { ...request, version, init: { image: base64(init.image) } };
  return { ...request, version, init: { tensor: init.tensor && { ...init.tensor, data: base64(init.tensor.data) } } };
}

/** Bytes, or float32 values: every machine that the engines run on is little-endian. */
function base64({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
