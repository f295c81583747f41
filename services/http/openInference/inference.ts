import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../../models/tensors/tensor.ts';
import { faultAt } from '../../../schemas/errors.ts';
import { parseExplanationSettings } from '../../../schemas/explanationSettings.ts';
import type { InferenceInput, InferenceRequest } from '../../../schemas/openInference.ts';
import type { Admit } from '../../compute/explanation.ts';
import type { HttpContext } from '../context.ts';
import { limitInputs } from '../serving/inputLimits.ts';
import { flatten } from '../serving/nestedArrays.ts';
import { DATATYPES, decodeElements } from './datatypes.ts';
import type { ReadInference } from './requestBody.ts';
import type { InferenceSubject } from './subject.ts';

/** A tensor by the name of an output, float32. */
export interface NamedOutput {
  readonly name: string;
  readonly tensor: ArrayTensor;
}

/** The outputs of a model, and of an explanation. */
export const PREDICTION_OUTPUTS = ['prediction', 'scores'] as const;
export const EXPLANATION_OUTPUTS = ['relevance', 'prediction'] as const;

/** A request that was checked: the names of its outputs, and what computes them all. */
export interface PreparedInference {
  readonly names: readonly string[];
  run(signal: AbortSignal, admit?: Admit): Promise<readonly NamedOutput[]>;
}

/**
 * Checks a request: for the prediction of a model, or for its explanation.
 * @throws ElucidError `invalid`, `too-large`
 */
export function prepareInference(
  { request, binary }: ReadInference,
  { model, method }: InferenceSubject,
  { service, config }: HttpContext,
): PreparedInference {
  const settings = settingsOf(request, method);
  const [described] = request.inputs;
  if (described === undefined) throw new RangeError('a request without an input');
  const input = { kind: 'tensor' as const, tensor: readTensor(described, binary, model, config) };
  if (settings === null) {
    return {
      names: PREDICTION_OUTPUTS,
      run: async (signal, admit) => {
        const { items } = await service.predict({ model, input, admit }, signal);
        return [
          { name: 'prediction', tensor: rows(items.map(({ values }) => values)) },
          { name: 'scores', tensor: rows(items.map(({ scores }) => scores)) },
        ];
      },
    };
  }
  return {
    names: EXPLANATION_OUTPUTS,
    run: async (signal, admit) => {
      const { relevance, items } = await service.explain({ ...settings, model, input, picture: false, admit }, signal);
      return [
        { name: 'relevance', tensor: relevance },
        { name: 'prediction', tensor: rows(items.map(({ values }) => values)) },
      ];
    },
  };
}

/** How to explain; null for a prediction alone. @throws ElucidError `invalid` for parameters that mean nothing here */
function settingsOf({ parameters }: InferenceRequest, method: InferenceSubject['method']) {
  const { binary_data_output, content_type, priority, timeout, explain_parameters: given, ...beside } = parameters;
  const [key] = Object.keys(beside);
  if (method === null) {
    if (key !== undefined) {
      const allowed = 'binary_data_output, explain_parameters';
      throw faultAt('invalid', '/parameters', `parameters has the unknown key "${key}"; allowed are ${allowed}`);
    }
    return given === undefined ? null : parseExplanationSettings(given, ['parameters', 'explain_parameters']);
  }
  const place = given === undefined ? ['parameters'] : ['parameters', 'explain_parameters'];
  if (given !== undefined && key !== undefined) {
    throw faultAt('invalid', '/parameters', `received ${key} beside explain_parameters; allowed is either`);
  }
  const wanted = given ?? beside;
  if ('method' in wanted && wanted['method'] !== method) {
    throw faultAt(
      'invalid',
      `/${place.join('/')}/method`,
      `the name of the model says ${method}; received another method`,
    );
  }
  return parseExplanationSettings({ ...wanted, method }, place);
}

function readTensor(
  { shape, datatype, data, parameters }: InferenceInput,
  binary: Buffer | null,
  model: RegisteredModel,
  config: HttpContext['config'],
): ArrayTensor {
  const expected = model.manifest.input.shape;
  const [count = 0, ...inner] = shape;
  if (inner.length !== expected.length || inner.some((length, axis) => length !== expected[axis])) {
    const allowed = `[N, ${expected.join(', ')}]`;
    throw faultAt('invalid', '/inputs/0/shape', `inputs[0].shape must be ${allowed}; received [${shape.join(', ')}]`);
  }
  limitInputs(count, model, config, '/inputs/0/shape/0');
  if ((data === undefined) === (binary === null)) {
    const both = data === undefined ? 'neither' : `both, binary_data_size ${parameters.binary_data_size}`;
    throw faultAt('invalid', '/inputs/0', `inputs[0] needs exactly one of data, binary_data_size; received ${both}`);
  }
  const size = sizeOf(shape);
  if (binary !== null) return arrayTensor(shape, decodeElements(binary, size, datatype, '/inputs/0'));
  const isNested = Array.isArray(data) && Array.isArray(data[0]);
  return arrayTensor(shape, flatten(data, isNested ? shape : [size], ['inputs', 0, 'data'], DATATYPES[datatype]));
}

/** Lists of equal length as a matrix. */
function rows(values: readonly ArrayLike<number>[]): ArrayTensor {
  const width = values[0]?.length ?? 0;
  const data = new Float32Array(values.length * width);
  values.forEach((row, i) => {
    data.set(row, i * width);
  });
  return arrayTensor([values.length, width], data);
}
