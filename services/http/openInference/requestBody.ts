import { ElucidError, faultAt } from '../../../schemas/errors.ts';
import { parseOrRefuse } from '../../../schemas/faults.ts';
import { type InferenceRequest, inferenceRequestSchema } from '../../../schemas/openInference.ts';
import { parseJsonBytes } from '../serving/rawBodies.ts';

/** A request, and the bytes of its binary input where it has one. */
export interface ReadInference {
  readonly request: InferenceRequest;
  readonly binary: Buffer | null;
}

/**
 * Reads a body: JSON, and after it the binary data of the input.
 * @param body as it is without Content-Encoding
 * @param jsonLength the header Inference-Header-Content-Length
 * @throws ElucidError `bad-body`, `invalid`
 */
export function readInference(body: Buffer, jsonLength: string | undefined): ReadInference {
  const length = lengthOf(jsonLength, body);
  const request = parseOrRefuse(inferenceRequestSchema, parseJsonBytes(body.subarray(0, length)));
  const rest = body.subarray(length);
  const announced = request.inputs[0]?.parameters.binary_data_size;
  if ((announced ?? 0) !== rest.length) {
    throw faultAt(
      'invalid',
      '/inputs/0/parameters/binary_data_size',
      `the inputs have binary_data_size ${announced ?? 'not given'}; after the JSON of ${length} bytes there are ${rest.length}`,
    );
  }
  return { request, binary: announced === undefined ? null : rest };
}

function lengthOf(header: string | undefined, body: Buffer): number {
  if (header === undefined) return body.length;
  const length = /^\d{1,12}$/.test(header) ? Number(header) : Number.NaN;
  if (length <= body.length) return length;
  const allowed = `a whole number up to ${body.length}, the size of the body`;
  throw new ElucidError(
    'bad-body',
    `Inference-Header-Content-Length must be ${allowed}; received ${JSON.stringify(header.slice(0, 50))}`,
  );
}
