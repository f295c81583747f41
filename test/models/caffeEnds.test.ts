import { NetSketch } from './caffeNets.ts';
import { importedSketch } from './importedCaffe.ts';

const CLASSIFICATION = { kind: 'classification', layer: null } as const;

function classifier(): NetSketch {
  return new NetSketch([2, 3, 3])
    .add('Data', 'images', {}, [], { bottoms: [], tops: ['images', 'label'] })
    .add('Convolution', 'conv', { num_output: 2, kernel_size: 2 }, [[2, 2, 2, 2], [2]])
    .add('ReLU', 'relu', {}, [], { inPlace: true })
    .add('InnerProduct', 'head1', { num_output: 3 }, [[3, 8], [3]], { bottoms: ['conv'] })
    .add('InnerProduct', 'head2', { num_output: 5 }, [[5, 8], [5]], { bottoms: ['conv'] });
}

/** Name of the explained layer and the function behind it. */
function end(sketch: NetSketch, layer: string | null, kind: 'classification' | 'regression' = 'classification') {
  const { layers, output, outputFunction } = importedSketch(sketch, { kind, layer });
  return [layers[output]?.name, outputFunction];
}

test('the output is the last layer that computes; its softmax, also within a loss, is stripped; measures are left out', () => {
  expect(end(classifier(), null)).toEqual(['head2', 'none']);
  const trained = classifier()
    .add('SoftmaxWithLoss', 'loss', {}, [], { bottoms: ['head2', 'label'] })
    .add('Accuracy', 'accuracy', {}, [], { bottoms: ['head2', 'label'] })
    .add('ArgMax', 'best', {}, [], { bottoms: ['head2'] })
    .add('Silence', 'silence', {}, [], { bottoms: ['label'], tops: [] });
  expect(end(trained, null)).toEqual(['head2', 'softmax']);
  expect(end(classifier().add('Softmax', 'prob'), null)).toEqual(['head2', 'softmax']);
  expect(
    end(classifier().add('SigmoidCrossEntropyLoss', 'loss', {}, [], { bottoms: ['head2', 'label'] }), null),
  ).toEqual(['head2', 'sigmoid']);
  expect(end(classifier().add('Sigmoid', 'p'), null, 'regression')).toEqual(['p', 'none']);
});

test('output.layer names a layer, or a blob as it is last written; a softmax right behind it counts', () => {
  const net = () =>
    classifier()
      .add('Softmax', 'prob')
      .add('Softmax', 'prob1', {}, [], { bottoms: ['head1'] });
  expect(end(net(), 'head1')).toEqual(['head1', 'softmax']);
  expect(end(net(), 'head2')).toEqual(['head2', 'softmax']);
  expect(end(net(), 'prob')).toEqual(['head2', 'softmax']);
  expect(end(net(), null)).toEqual(['head1', 'softmax']);
  const renamed = classifier().add('TanH', 'squash', {}, [], { bottoms: ['head1'], tops: ['fc'] });
  expect(end(renamed.add('ELU', 'last', {}, [], { inPlace: true }), 'fc')).toEqual(['last', 'none']);
  expect(end(classifier().add('Dropout', 'drop', {}, [], { inPlace: true }), 'drop')).toEqual(['head2', 'none']);
});

test('what lies beside the way to the output needs no weights and no support', () => {
  const net = classifier().add('InnerProduct', 'unfinished', { num_output: 3 }).add('MVN', 'odd');
  expect(end(net, 'head1')).toEqual(['head1', 'none']);
  expect(importedSketch(net, { ...CLASSIFICATION, layer: 'head1' }).layers.map(({ name }) => name)).toEqual([
    'conv',
    'relu',
    'head1/flatten',
    'head1',
  ]);
});

test('an output.layer that does not exist is refused, with the last names there are', () => {
  expect(() => end(classifier(), 'nowhere')).toThrow(
    'output.layer nowhere is no layer of the net; its last ones are data, images, conv, relu, head1, head2',
  );
  expect(() => end(classifier(), 'images')).toThrow('output.layer images is no layer of the net');
});

test('scores over one place are a vector; a classification of more is refused, a regression is flattened', () => {
  const pooled = new NetSketch([2, 3, 3])
    .add('Pooling', 'pool', { global_pooling: true, pool: 'AVE' })
    .add('Softmax', 'prob');
  expect(end(pooled, null)).toEqual(['pool/flatten', 'softmax']);
  const picture = new NetSketch([2, 3, 3]).add('TanH', 'picture');
  expect(() => end(picture, null)).toThrow(
    'the output picture has the shape [2, 3, 3]; it must be a vector (or a regression)',
  );
  const { layers, output } = importedSketch(picture, { kind: 'regression', layer: null });
  expect(layers[output]).toMatchObject({ name: 'picture/flatten', type: 'reshape', shape: [18] });
});
