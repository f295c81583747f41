import sharp from 'sharp';
import type { Answer } from './http.ts';

/** What an answer says: in words, what must be equal, and numbers, which may differ by rounding. */
export interface Reading {
  readonly facts: string;
  readonly values: ArrayLike<number>;
  /** Largest difference of two values. */
  readonly tolerance: number;
}

/** Batches of other sizes sum in another order: 1e-5 of the largest relevance. */
const RELATIVE = 1e-5;

/** Two levels of 255: a colour that lies between two may be rounded to either. */
const LEVELS = 2;

export type Read = (answer: Answer) => Promise<Reading>;

function relevance(facts: readonly unknown[], values: ArrayLike<number>): Reading {
  const largest = Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return { facts: facts.join(' '), values, tolerance: RELATIVE * largest };
}

function floats(bytes: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** A picture, and the scores in the headers. */
export const readPicture: Read = async ({ body, headers }) => {
  const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true });
  const facts = [info.width, info.height, headers['x-prediction'], headers['x-target']];
  return { facts: facts.join(' '), values: data, tolerance: LEVELS };
};

/** NEP 1: the magic, two bytes of version, the length of the header. */
export const readNpy: Read = async ({ body, headers }) => {
  const length = body.readUInt16LE(8);
  const header = body
    .subarray(10, 10 + length)
    .toString('latin1')
    .trim();
  return relevance([header, headers['x-prediction']], floats(body.subarray(10 + length)));
};

export const readJson: Read = async ({ body }) => {
  const { model, method, prediction, relevance: told } = JSON.parse(body.toString());
  const facts = [model.name, model.version, model.sha256, method, JSON.stringify(indexes(prediction)), told.shape];
  return relevance(facts, floats(Buffer.from(told.data, 'base64')));
};

/** KServe V1: nested lists. */
export const readExplanations: Read = async ({ body }) => {
  const { predictions, explanations } = JSON.parse(body.toString());
  const [first] = explanations;
  const best = predictions[0].indexOf(Math.max(...predictions[0]));
  return relevance([explanations.length, first.method, best], first.relevance.flat(3));
};

/** Open Inference Protocol. */
export const readOutputs: Read = async ({ body }) => {
  const { id, model_name, outputs } = JSON.parse(body.toString());
  const [told] = outputs.filter(({ name }: { name: string }) => name === 'relevance');
  return relevance([id, model_name, told.shape], told.data);
};

/** TorchServe: the relevance alone. */
export const readNested: Read = async ({ body }) => relevance([], JSON.parse(body.toString()).flat(4));

function indexes(prediction: { index: number } | readonly { index: number }[]): number[] {
  return [prediction].flat().map(({ index }) => index);
}

/** Why an answer is wrong; null when it agrees with one of those that are known. */
export function fault(read: Reading, known: readonly Reading[]): string | null {
  const alike = known.filter(({ facts }) => facts === read.facts);
  if (alike.length === 0) return `it says ${read.facts}, expected ${known.map(({ facts }) => facts).join(' or ')}`;
  const differences = alike.map((one) => largestDifference(read.values, one.values) / one.tolerance);
  const least = Math.min(...differences);
  return least <= 1 ? null : `a value differs by ${least.toPrecision(3)} times what is allowed`;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
