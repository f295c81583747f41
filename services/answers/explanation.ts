import type { ExplanationAnswer } from '../../schemas/explanation.ts';
import type { Explanation, ItemExplanation } from '../compute/explanation.ts';

/** An explanation with what a protocol knows of its request. */
export interface Answered {
  readonly requestId: string;
  readonly explanation: Explanation;
  /** Whether the client wrote its input as a batch. */
  readonly batched: boolean;
}

/** Parts of the JSON answer that depend on the request. */
export interface AnswerParts {
  readonly relevance: boolean;
  readonly layers: boolean;
  readonly image: Buffer | null;
  readonly renderMs: number;
  readonly totalMs: number;
}

/** The JSON answer; for one item its fields as they are, for several as lists. */
export function answerBody({ requestId, explanation, batched }: Answered, parts: AnswerParts): ExplanationAnswer {
  const { model, engine, method, options, items, timing_ms, batch_size, cached } = explanation;
  const each = <Value>(value: (item: ItemExplanation) => Value) => oneOrMany(items.map(value));
  return {
    id: requestId,
    model,
    engine,
    method,
    options,
    prediction: each(({ prediction }) => ({ ...prediction, top: [...prediction.top] })),
    target: each(({ target }) => target),
    relevance: {
      shape: relevanceShape(explanation, batched),
      sum: each(({ relevance }) => relevance.sum),
      min: each(({ relevance }) => relevance.min),
      max: each(({ relevance }) => relevance.max),
      ...(parts.relevance ? { data: littleEndian(explanation.relevance.data).toString('base64') } : {}),
    },
    conservation: each(({ conservation }) => conservation),
    note: each(({ note }) => note),
    ...(parts.layers ? { layers: each(({ layers }) => (layers === null ? null : [...layers])) } : {}),
    ...(parts.image === null ? {} : { image: parts.image.toString('base64') }),
    timing_ms: {
      decode: milliseconds(timing_ms.decode),
      queue: milliseconds(timing_ms.queue),
      compute: milliseconds(timing_ms.compute),
      render: milliseconds(parts.renderMs),
      total: milliseconds(parts.totalMs),
    },
    batch_size,
    cached,
  };
}

/** As the client sent its input: with the batch if that had one. */
export function relevanceShape({ relevance }: Explanation, batched: boolean): number[] {
  return batched ? [...relevance.shape] : relevance.shape.slice(1);
}

/** Microseconds are precise enough. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function oneOrMany<Value>(values: readonly Value[]): Value | Value[] {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : [...values];
}

/** Float32 values as bytes; every machine that the engines run on is little-endian. */
function littleEndian(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
