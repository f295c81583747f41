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
      ...(parts.relevance ? { data: relevanceBase64(explanation) } : {}),
    },
    conservation: each(({ conservation }) => conservation),
    note: each(({ note }) => note),
    ...(parts.layers ? { layers: each(({ layers }) => (layers === null ? null : [...layers])) } : {}),
    ...(parts.image === null ? {} : { image: parts.image.toString('base64') }),
    timing_ms: roundedTimes({ ...timing_ms, render: parts.renderMs, total: parts.totalMs }),
    batch_size,
    cached,
  };
}

/** As the client sent its input: with the batch if that had one. */
export function relevanceShape({ relevanceShape: shape }: Explanation, batched: boolean): number[] {
  return batched ? [...shape] : shape.slice(1);
}

/** Durations in milliseconds; microseconds are precise enough. */
export function roundedTimes<Step extends string>(times: Readonly<Record<Step, number>>): Record<Step, number> {
  const rounded = Object.entries<number>(times).map(([step, ms]) => [step, Math.round(ms * 1000) / 1000]);
  return Object.fromEntries(rounded) as Record<Step, number>;
}

function oneOrMany<Value>(values: readonly Value[]): Value | Value[] {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : [...values];
}

/** The values of all items as base64 of float32; every machine that the engines run on is little-endian. */
export function relevanceBase64({ relevance }: Explanation): string {
  const { buffer, byteOffset, byteLength } = relevance.data;
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
