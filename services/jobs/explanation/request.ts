import type { ExplainRequest } from '../../../schemas/explain.ts';

/**
 * A validated request as the JSON body of POST /explain, which `parseKeptExplain` reads back to the same request.
 * @param version of the model that was chosen when the job was submitted
 */
export function explanationJobRequest(request: ExplainRequest, version: string): Record<string, unknown> {
  return { ...request, version, input: inputJson(request.input) };
}

function inputJson(input: ExplainRequest['input']): Record<string, unknown> {
  if (input.kind === 'image') return { image: base64(input.bytes) };
  const { shape, data } = input.tensor;
  return { tensor: { shape, data: base64(data) } };
}

/** Bytes, or float32 values: every machine that the engines run on is little-endian. */
function base64({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
