import type { z } from 'zod';
import type { Network } from '../../../models/network.ts';
import { INPUT_NAME, type servedModelSchema } from '../../../schemas/openInference.ts';
import { choicesOf } from '../../explanation/outputChoices.ts';
import type { ServedModels } from '../serving/servedModels.ts';
import { EXPLANATION_OUTPUTS, PREDICTION_OUTPUTS } from './inference.ts';
import type { InferenceSubject } from './subject.ts';

type ServedModel = z.output<typeof servedModelSchema>;

/** Project and format, as the protocol names platforms. */
const PLATFORMS = { caffe: 'caffe_caffemodel', onnx: 'onnx_onnxv1', tfjs: 'tensorflow_tfjs' } as const;
const EXPLANATION_PLATFORM = 'elucid_explanation';

/** Stands for the batch. */
const ANY = -1;

/** GET /v2/models/{name}: the one input, and the outputs of the model or of its explanation. */
export function metadataOf(
  { name, model, method }: InferenceSubject,
  network: Network,
  served: ServedModels,
): ServedModel {
  const shape = [ANY, ...model.manifest.input.shape];
  const outputs = { datatype: 'FP32' as const, shape: [ANY, choicesOf(network, model.labels).count] };
  return {
    name,
    versions: versionsOf(model.manifest.name, served),
    platform: method === null ? PLATFORMS[model.manifest.format] : EXPLANATION_PLATFORM,
    inputs: [{ name: INPUT_NAME, datatype: 'FP32', shape }],
    outputs:
      method === null
        ? PREDICTION_OUTPUTS.map((output) => ({ name: output, ...outputs }))
        : EXPLANATION_OUTPUTS.map((output) => ({
            name: output,
            ...outputs,
            ...(output === 'relevance' ? { shape } : {}),
          })),
  };
}

function versionsOf(name: string, served: ServedModels): string[] {
  return served
    .list()
    .flatMap((entry) => (entry.state === 'registered' ? [entry.model.manifest] : []))
    .filter((manifest) => manifest.name === name)
    .map(({ version }) => version);
}
