import { type KerasModel, type KerasSpec, modelJson } from './kerasModel.ts';

/**
 * How a converter names the weights of a model of Keras 3: `numbered` out of a `.keras` file, by the layers' classes;
 * `paths` out of an `.h5` file, by the paths of the variables.
 */
export type WeightNaming = 'numbered' | 'paths';

/** The content of model.json for a model of Keras 3.15, as `tensorflowjs_converter` 4.22 writes it. */
export function keras3Json(model: KerasModel, naming: WeightNaming): Record<string, unknown> {
  const [group = {}] = asList(modelJson(model)['weightsManifest']);
  const names = naming === 'numbered' ? numberedNames(model) : pathNames(model);
  const weights = asList(group['weights']).map((weight, k) => ({ ...weight, name: names[k] }));
  return {
    format: 'layers-model',
    generatedBy: 'keras v3.15.1',
    convertedBy: 'TensorFlow.js Converter v4.22.0',
    modelTopology: { keras_version: '3.15.1', model_config: { class_name: model.kind, config: configOf(model) } },
    weightsManifest: [{ ...group, weights }],
  };
}

function configOf(model: KerasModel): Record<string, unknown> {
  const layers = model.layers.map((layer, index) => layerJson(layer, index === 0, model));
  const trained = { name: 'model', trainable: true };
  if (model.kind === 'Sequential') {
    const input = { class_name: 'InputLayer', config: inputConfig('input_layer', model) };
    return { ...trained, dtype, layers: [input, ...layers], build_input_shape: [null, ...model.inputShape] };
  }
  const outputs = model.outputs ?? [model.layers.at(-1)?.name ?? ''];
  const references = outputs.map((name) => [name, 0, 0]);
  return {
    ...trained,
    layers,
    input_layers: [model.layers[0]?.name, 0, 0],
    output_layers: references.length === 1 ? references[0] : references,
  };
}

const dtype = { class_name: 'DTypePolicy', config: { name: 'float32' }, shared_object_id: 140586868515792 };

function layerJson(layer: KerasSpec, isFirst: boolean, model: KerasModel): Record<string, unknown> {
  const isInput = layer.className === 'InputLayer';
  const config = isInput
    ? inputConfig(layer.name, model)
    : { name: layer.name, trainable: true, dtype, kernel_initializer: initializer, ...layer.config };
  const build = isInput ? {} : { build_config: { input_shape: [null, ...model.inputShape] } };
  if (model.kind === 'Sequential') return { class_name: layer.className, config, ...build };
  const inbound = isFirst ? [] : [callOf(layer)];
  return { class_name: layer.className, config, ...build, name: layer.name, inbound_nodes: inbound };
}

const initializer = { class_name: 'GlorotUniform', config: { seed: null, input_axes: null, output_axes: null } };

function inputConfig(name: string, { inputShape }: KerasModel): Record<string, unknown> {
  return { batch_shape: [null, ...inputShape], dtype: 'float32', sparse: false, ragged: false, name, optional: false };
}

/** A call with one tensor, or with a list of them. */
function callOf({ inbound = [] }: KerasSpec): Record<string, unknown> {
  const tensors = inbound.map((name) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null], dtype: 'float32', keras_history: [name, 0, 0] },
  }));
  return { args: tensors.length === 1 ? tensors : [tensors], kwargs: {} };
}

/** The paths of variables in a file of Keras 3; the n-th layer of a class counts, not its name. */
const CLASS_FOLDERS: Readonly<Record<string, string>> = {
  Dense: 'dense',
  Conv1D: 'conv1d',
  Conv2D: 'conv2d',
  Conv2DTranspose: 'conv2d_transpose',
  DepthwiseConv2D: 'depthwise_conv2d',
  SeparableConv2D: 'separable_conv2d',
  BatchNormalization: 'batch_normalization',
  PReLU: 'p_re_lu',
};

function numberedNames({ layers }: KerasModel): readonly string[] {
  const counts: Record<string, number> = {};
  return layers.flatMap(({ className, weights = {} }) => {
    const count = counts[className] ?? 0;
    counts[className] = count + 1;
    const folder = CLASS_FOLDERS[className] ?? 'none';
    return Object.keys(weights).map((_, i) => `layers/${folder}${count === 0 ? '' : `_${count}`}/vars/${i}`);
  });
}

function pathNames({ layers, kind }: KerasModel): readonly string[] {
  const model = kind === 'Sequential' ? 'model/' : '';
  return layers.flatMap(({ className, name, weights = {} }) =>
    Object.keys(weights).map((parameter) => {
      const own = className.startsWith('DepthwiseConv') ? parameter.replace('depthwise_', '') : parameter;
      return `${model}${name}/${own}`;
    }),
  );
}

function asList(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}
