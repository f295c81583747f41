import { z } from 'zod';
import { ImportFault } from '../faults.ts';
import { axisOf, ignoredSchema, type LayerReader, reader } from './reader.ts';

const softmaxSchema = z.strictObject({ axis: z.int().default(1), engine: ignoredSchema });

/** Probabilities of the classes along the channels, from the first bottom: a loss reads labels too. */
const softmax = reader('softmax_param', softmaxSchema, ({ name, config }, [input = -1], { draft }) => {
  const { length: rank } = draft.shapeOf(input);
  if (axisOf(config.axis, rank) !== 0) throw new ImportFault(`axis ${config.axis} is not supported, only the channels`);
  return draft.add({ type: 'probability', name, inputs: [input], function: 'softmax' });
});

const sigmoid = reader(
  'sigmoid_param',
  z.strictObject({ engine: ignoredSchema }),
  ({ name }, [input = -1], { draft }) =>
    draft.add({ type: 'activation', name, inputs: [input], function: { name: 'sigmoid' } }),
);

/** Losses that contain the model's last function. */
export const LOSS_READERS: Readonly<Record<string, LayerReader>> = {
  SoftmaxWithLoss: softmax,
  SigmoidCrossEntropyLoss: sigmoid,
};

export const SOFTMAX_READERS: Readonly<Record<string, LayerReader>> = { Softmax: softmax };

/** Functions that may close a model behind its scores, losses among them. */
export const CLOSING: ReadonlySet<string> = new Set(['Softmax', 'Sigmoid', ...Object.keys(LOSS_READERS)]);

/** Layers that only measure or decide: left out at the end of a net. */
export const MEASURING: ReadonlySet<string> = new Set([
  'Accuracy',
  'ArgMax',
  'Silence',
  'EuclideanLoss',
  'HingeLoss',
  'MultinomialLogisticLoss',
  'InfogainLoss',
  'HDF5Output',
]);
