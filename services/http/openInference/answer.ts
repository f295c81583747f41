import { faultAt } from '../../../schemas/errors.ts';
import type { InferenceAnswer, InferenceRequest } from '../../../schemas/openInference.ts';
import type { NamedOutput } from './inference.ts';
import type { InferenceSubject } from './subject.ts';

/** An answer in bytes. */
export interface WrittenInference {
  readonly body: Buffer;
  /** Bytes of JSON at the beginning where binary data follows; null where all is JSON. */
  readonly jsonLength: number | null;
}

interface ChosenOutput {
  readonly output: NamedOutput;
  readonly binary: boolean;
}

/**
 * The outputs that a request asks for, in its order; all without a wish.
 * @throws ElucidError `invalid` for an unknown or repeated one
 */
export function chooseOutputs(
  { outputs: wanted, parameters }: InferenceRequest,
  names: readonly string[],
): (all: readonly NamedOutput[]) => readonly ChosenOutput[] {
  const { binary_data_output: usual } = parameters;
  const chosen = wanted ?? names.map((name) => ({ name, parameters: {} as { binary_data?: boolean } }));
  chosen.forEach(({ name }, i) => {
    const isRepeated = chosen.findIndex((other) => other.name === name) < i;
    if (names.includes(name) && !isRepeated) return;
    const received = `${JSON.stringify(name)}${isRepeated ? ' twice' : ''}`;
    const detail = `outputs[${i}].name must be one of ${names.join(', ')}, each once; received ${received}`;
    throw faultAt('invalid', `/outputs/${i}/name`, detail);
  });
  return (all) =>
    chosen.flatMap(({ name, parameters: own }) => {
      const output = all.find((one) => one.name === name);
      return output === undefined ? [] : [{ output, binary: own.binary_data ?? usual }];
    });
}

/** Writes an answer: JSON, then the elements of binary outputs in their order. */
export function writeInference(
  chosen: readonly ChosenOutput[],
  { name, model }: InferenceSubject,
  id: string | undefined,
): WrittenInference {
  const answer: InferenceAnswer = {
    model_name: name,
    model_version: model.manifest.version,
    ...(id === undefined ? {} : { id }),
    outputs: chosen.map(({ output: { name: outputName, tensor }, binary }) => ({
      name: outputName,
      datatype: 'FP32',
      shape: [...tensor.shape],
      ...(binary ? { parameters: { binary_data_size: tensor.data.byteLength } } : { data: Array.from(tensor.data) }),
    })),
  };
  const json = Buffer.from(JSON.stringify(answer));
  const blobs = chosen.filter(({ binary }) => binary).map(({ output }) => littleEndian(output.tensor.data));
  return { body: Buffer.concat([json, ...blobs]), jsonLength: blobs.length === 0 ? null : json.length };
}

/** Every machine that the engines run on is little-endian. */
function littleEndian({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
