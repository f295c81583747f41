import { faultAt } from '../../schemas/errors.ts';
import type { Target } from '../../schemas/target.ts';
import type { ExplainedTarget } from './explanation.ts';
import type { Outputs } from './outputs.ts';

/** Most candidates that a message lists. */
const SHOWN = 10;

/** What a request wants to have explained, in terms of the network's own outputs. */
export interface ResolvedTarget {
  /** Weights of the network's own outputs; null for the predicted one. */
  readonly row: Float32Array | null;
  /** The explained target of an item, when its scores are known. */
  describe(own: Float32Array): ExplainedTarget;
}

/** @throws ElucidError `invalid` at /target for an unknown or ambiguous output, with the candidates */
export function resolveTarget(target: Target, outputs: Outputs): ResolvedTarget {
  if (target === 'predicted') {
    return {
      row: null,
      describe: (own) => {
        const { index, label, score } = outputs.prediction(own);
        return { index, label, weights: null, score };
      },
    };
  }
  if (typeof target === 'object') return weightedTarget(target.weights, outputs);
  const index = typeof target === 'number' ? checkIndex(target, outputs, '/target') : find(target, outputs, '/target');
  return {
    row: outputs.rowOf(index),
    describe: (own) => ({
      index,
      label: outputs.labels?.[index] ?? null,
      weights: null,
      score: outputs.scores(own)[index] ?? 0,
    }),
  };
}

function weightedTarget(weights: Readonly<Record<string, number>>, outputs: Outputs): ResolvedTarget {
  const byIndex = new Map<number, number>();
  for (const [name, weight] of Object.entries(weights)) {
    const pointer = `/target/weights/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const index = find(name, outputs, pointer);
    if (byIndex.has(index)) throw faultAt('invalid', pointer, `target.weights names output ${index} twice`);
    byIndex.set(index, weight);
  }
  const row = outputs.rowOf(0).fill(0);
  for (const [index, weight] of byIndex)
    outputs.rowOf(index).forEach((own, k) => {
      row[k] = (row[k] ?? 0) + weight * own;
    });
  if (row.every((weight) => weight === 0)) {
    throw faultAt('invalid', '/target/weights', 'the weights cancel: nothing would be explained');
  }
  return {
    row,
    describe: (own) => ({
      index: null,
      label: null,
      weights: Object.fromEntries(byIndex),
      score: own.reduce((sum, score, k) => sum + score * (row[k] ?? 0), 0),
    }),
  };
}

function checkIndex(index: number, { count }: Outputs, pointer: string): number {
  if (index < count) return index;
  throw faultAt('invalid', pointer, `target must be an output from 0 to ${count - 1}; received ${index}`);
}

/** An output by the whole label, by one of its synonyms, or by its index in digits. */
function find(name: string, outputs: Outputs, pointer: string): number {
  const labels = outputs.labels ?? [];
  const wanted = folded(name);
  const whole = indicesWhere(labels, (label) => folded(label) === wanted);
  const matches = whole.length > 0 ? whole : indicesWhere(labels, (label) => synonyms(label).includes(wanted));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (matches.length > 1) {
    const candidates = matches.slice(0, SHOWN).map((index) => `${index} (${labels[index]})`);
    const more = matches.length > SHOWN ? `, and ${matches.length - SHOWN} more` : '';
    throw faultAt('invalid', pointer, `target ${JSON.stringify(name)} is ambiguous: ${candidates.join(', ')}${more}`);
  }
  if (/^\d{1,7}$/.test(name)) return checkIndex(Number(name), outputs, pointer);
  throw faultAt('invalid', pointer, `target ${JSON.stringify(name)} is unknown; ${allowed(outputs)}`);
}

function allowed({ labels, count }: Outputs): string {
  const indices = `an index from 0 to ${count - 1}`;
  if (labels === null) return `allowed: "predicted" or ${indices}`;
  const shown = labels.slice(0, SHOWN).map((label) => JSON.stringify(label));
  const more = labels.length > SHOWN ? `, and ${labels.length - SHOWN} more` : '';
  return `allowed: "predicted", ${indices}, or a label: ${shown.join(', ')}${more}`;
}

function indicesWhere(labels: readonly string[], holds: (label: string) => boolean): readonly number[] {
  return labels.flatMap((label, index) => (holds(label) ? [index] : []));
}

/** Without a synset id, in lower case. */
function folded(label: string): string {
  return label
    .replace(/^n\d{8}\s+/, '')
    .trim()
    .toLowerCase();
}

function synonyms(label: string): readonly string[] {
  return folded(label)
    .split(',')
    .map((synonym) => synonym.trim());
}
