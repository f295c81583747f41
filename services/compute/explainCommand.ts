import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { faultAt } from '../../schemas/errors.ts';
import type { ExplainRequest } from '../../schemas/explain.ts';
import type { ClientTensor } from '../../schemas/tensorInput.ts';
import type { ExplainCommand, ExplainInput } from './explanation.ts';

/** A command for the service, and whether the client wrote its input as a batch. */
export interface PreparedCommand {
  readonly command: ExplainCommand;
  readonly batched: boolean;
}

export interface PrepareOptions {
  /** Whether a picture will be drawn of the answer. */
  readonly drawn: boolean;
  /** Whether its relevance is not read in any other way. Default: no. */
  readonly summed?: boolean;
  readonly maxRuns: number;
}

/**
 * What a validated request asks of the service.
 * @throws ElucidError `invalid` when the input is not of the kind or the shape of the model's, or the batch is too long.
 */
export function prepareCommand(
  request: ExplainRequest,
  model: RegisteredModel,
  { drawn, summed = false, maxRuns }: PrepareOptions,
): PreparedCommand {
  const { input, batched } = prepareInput(request.input, model, maxRuns);
  const { method, options, target, layer } = request;
  const picture = drawn && request.render.mode !== 'map' && input.kind === 'image';
  return { command: { model, method, options, target, layer, input, picture, summed }, batched };
}

function prepareInput(
  input: ExplainRequest['input'],
  model: RegisteredModel,
  maxRuns: number,
): { readonly input: ExplainInput; readonly batched: boolean } {
  if (input.kind === 'image') {
    if (model.manifest.input.kind !== 'image') {
      throw faultAt(
        'invalid',
        '/input',
        `${model.manifest.name} takes tensors of shape [${model.manifest.input.shape}]; received an image`,
      );
    }
    return { input, batched: false };
  }
  const expected = model.manifest.input.shape;
  const batched = input.tensor.shape.length === expected.length + 1;
  const tensor = batchOf(input.tensor, expected);
  const [rows = 1] = tensor.shape;
  if (rows > maxRuns) {
    throw faultAt('invalid', '/input/tensor/shape/0', `this costs ${rows} runs of the network; allowed are ${maxRuns}`);
  }
  return { input: { kind: 'tensor', tensor }, batched };
}

/** The tensor as [N, ...expected]. */
function batchOf({ shape, data }: ClientTensor, expected: Shape): ArrayTensor {
  const inner = shape.length === expected.length + 1 ? shape.slice(1) : shape;
  const fits = inner.length === expected.length && inner.every((dimension, axis) => dimension === expected[axis]);
  if (!fits) {
    throw faultAt(
      'invalid',
      '/input/tensor/shape',
      `input.tensor.shape must be [${expected.join(', ')}] or [N, ${expected.join(', ')}]; received [${shape.join(', ')}]`,
    );
  }
  return arrayTensor([data.length / sizeOf(expected), ...expected], data);
}
