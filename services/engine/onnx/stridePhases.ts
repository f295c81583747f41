import { BATCH, type Graph, type Operation, type Value, valuesOf } from '../graph.ts';
import { GraphBuilder } from '../graphBuilder.ts';

type Transposed = Extract<Operation, { name: 'conv2dTranspose' }>;

/**
 * Replaces strided transposed convolutions by ordinary ones, which ONNX Runtime runs several times faster. With stride s,
 * output y = s·q + φ − p of phase φ is Σ_m w[φ + s·m] r[q − m]: for every phase a stride-1 convolution with every s-th weight.
 * All phases are channels of one convolution, whose output is then interleaved. The weights are rearranged by operations on
 * constants, which fold.
 */
export function splitStridePhases(graph: Graph): Graph {
  if (!valuesOf(graph).some((value) => isSplittable(value))) return graph;
  const g = new GraphBuilder();
  const rebuilt = new Map<Value, Value>();
  const renewed = (value: Value): Value => {
    const found = rebuilt.get(value);
    if (found === undefined) throw new Error(`value ${value.id} comes after its use`);
    return found;
  };
  for (const value of [...graph.inputs, ...valuesOf(graph)]) {
    if (rebuilt.has(value)) continue;
    const inputs = value.inputs.map(renewed);
    rebuilt.set(value, isSplittable(value) ? split(g, value, inputs) : g.again(value, inputs));
  }
  const outputs = Object.entries(graph.outputs).map(([name, value]) => [name, renewed(value)] as const);
  return g.build(Object.fromEntries(outputs));
}

interface Splittable extends Value {
  readonly operation: Transposed;
}

function isSplittable(value: Value): value is Splittable {
  const { operation } = value;
  if (operation.name !== 'conv2dTranspose') return false;
  const { stride, dilation, groups } = operation;
  const strided = stride[0] > 1 || stride[1] > 1;
  return (
    strided &&
    groups === 1 &&
    dilation[0] === 1 &&
    dilation[1] === 1 &&
    geometry(value as Splittable).every(({ after }) => after >= 0)
  );
}

interface Axis {
  readonly stride: number;
  /** Weights per phase. */
  readonly taps: number;
  readonly kernel: number;
  /** Places of each phase. */
  readonly places: number;
  /** Padding of r behind its end. */
  readonly after: number;
  /** Padding of the convolution before the first output. */
  readonly offset: number;
  readonly size: number;
}

function geometry({ operation, inputs }: Splittable): readonly [Axis, Axis] {
  const axis = (i: 0 | 1): Axis => {
    const stride = operation.stride[i];
    const kernel = inputs[1]?.shape[i + 2] ?? 0;
    const offset = operation.padding[i];
    const size = operation.outputSize[i];
    const places = Math.floor((offset + size - 1) / stride) + 1;
    return {
      stride,
      kernel,
      taps: Math.ceil(kernel / stride),
      places,
      after: places - (inputs[0]?.shape[i + 2] ?? 0),
      offset,
      size,
    };
  };
  return [axis(0), axis(1)];
}

function split(g: GraphBuilder, value: Splittable, [r, w]: readonly Value[]): Value {
  if (r === undefined || w === undefined) throw new Error('a transposed convolution has two inputs');
  const [batch = BATCH] = r.shape;
  const [out = 0, channels = 0] = w.shape;
  const [v, h] = geometry(value);
  const padded = g.pad(w, [
    [0, 0],
    [0, 0],
    [0, v.taps * v.stride - v.kernel],
    [0, h.taps * h.stride - h.kernel],
  ]);
  const byPhase = g.transpose(
    g.reshape(padded, [out, channels, v.taps, v.stride, h.taps, h.stride]),
    [1, 3, 5, 0, 2, 4],
  );
  const kernels = g.reverse(g.reshape(byPhase, [channels * v.stride * h.stride, out, v.taps, h.taps]), [2, 3]);
  const phases = g.conv2d(r, kernels, null, {
    stride: [1, 1],
    padding: [v.taps - 1, h.taps - 1, v.after, h.after],
    dilation: [1, 1],
    groups: 1,
  });
  const apart = g.reshape(phases, [batch, channels, v.stride, h.stride, v.places, h.places]);
  const woven = g.reshape(g.transpose(apart, [0, 1, 4, 2, 5, 3]), [
    batch,
    channels,
    v.places * v.stride,
    h.places * h.stride,
  ]);
  return g.slice(woven, [0, 0, v.offset, h.offset], [batch, channels, v.size, h.size]);
}
