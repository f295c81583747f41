import { costOf } from '../../training/cost.ts';

const definition = (layers: object[], shapes: number[][]) => ({
  modelTopology: { config: { layers } },
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

  it('refuses layers it does not know', () => {
    expect(() => costOf(definition([layer('LSTM', {})], []))).toThrow('cannot count the cost of layer LSTM (LSTM)');
  });
});
