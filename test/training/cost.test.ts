import { costOf } from '../../training/cost.ts';

const definition = (layers: object[], shapes: number[][]) => ({
  modelTopology: { class_name: 'Sequential', config: { layers } },
  weightsManifest: [{ weights: shapes.map((shape, index) => ({ name: `${index}`, shape })) }],
});
const layer = (class_name: string, config: object) => ({ class_name, config: { name: class_name, ...config } });

describe('costOf', () => {
  it('counts convolutions, pooling and dense layers', () => {
    const model = definition(
      [
        layer('Conv2D', { batch_input_shape: [null, 6, 8, 2], filters: 3, kernel_size: [3, 3], padding: 'valid' }),
        layer('AveragePooling2D', { pool_size: [2, 2], strides: [2, 2], padding: 'valid' }),
        layer('Flatten', {}),
        layer('Dense', { units: 5 }),
      ],
      [[3, 3, 2, 3], [3], [18, 5], [5]],
    );
    // 4 × 6 places, 3 filters, windows of 3 × 3 × 2; then 2 × 3 × 3 values into 5 units
    expect(costOf(model)).toEqual({ multiplyAdds: 24 * 3 * 18 + 18 * 5, parameters: 54 + 3 + 90 + 5 });
  });

  it('counts strides and padding', () => {
    const convolution = { batch_input_shape: [null, 7, 7, 1], filters: 1, kernel_size: [3, 3], strides: [2, 2] };
    const cost = (padding: string) => costOf(definition([layer('Conv2D', { ...convolution, padding })], []));
    expect(cost('same').multiplyAdds).toBe(4 * 4 * 9);
    expect(cost('valid').multiplyAdds).toBe(3 * 3 * 9);
  });

  it('counts transposed convolutions by what every input pixel writes', () => {
    const upscale = { filters: 5, kernel_size: [4, 4], strides: [2, 2] };
    const cost = (padding: string) =>
      costOf(
        definition(
          [
            layer('Reshape', { batch_input_shape: [null, 3 * 3 * 2], target_shape: [3, 3, 2] }),
            layer('Conv2DTranspose', { ...upscale, padding }),
            layer('Flatten', {}),
            layer('Dense', { units: 1 }),
          ],
          [],
        ),
      );
    const writes = 3 * 3 * 2 * 4 * 4 * 5;
    expect(cost('same').multiplyAdds).toBe(writes + 6 * 6 * 5);
    expect(cost('valid').multiplyAdds).toBe(writes + 8 * 8 * 5);
  });

  it('counts the branches of a functional model', () => {
    const reading = (name: string, ...from: string[]) => ({
      name,
      inbound_nodes: from.length === 0 ? [] : [from.map((other) => [other, 0, 0, {}])],
    });
    const layers = [
      { ...layer('InputLayer', { name: 'in', batch_input_shape: [null, 7] }), ...reading('in') },
      { ...layer('Dense', { name: 'a', units: 3 }), ...reading('a', 'in') },
      { ...layer('Dense', { name: 'b', units: 3 }), ...reading('b', 'in') },
      { ...layer('Add', { name: 'sum' }), ...reading('sum', 'a', 'b') },
    ];
    const model = {
      modelTopology: { class_name: 'Model', config: { layers, output_layers: [['sum', 0, 0]] } },
      weightsManifest: [],
    };
    expect(costOf(model)).toEqual({ multiplyAdds: 2 * 7 * 3, parameters: 0 });
  });

  it('refuses layers it does not know', () => {
    expect(() => costOf(definition([layer('LSTM', {})], []))).toThrow('cannot count the cost of layer LSTM (LSTM)');
  });
});
