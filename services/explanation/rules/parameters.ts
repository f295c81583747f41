import { BATCH, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';

/** Where the values of one parameter lie among all parameters of a plan. */
export interface ParameterPlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * Collects the numbers that requests choose freely. Equal ones share a place, so that twenty layers with the same ε
 * are one number.
 */
export class ParameterPool {
  readonly values: number[] = [];
  private readonly places = new Map<string, ParameterPlace>();

  add(values: readonly number[]): ParameterPlace {
    const key = values.join();
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const place = { offset: this.values.length, length: values.length };
    this.values.push(...values);
    this.places.set(key, place);
    return place;
  }
}

/** Label of the graph input that holds all parameters, [N, count]. */
export const PARAMETERS = 'parameters';

/** Reads parameters inside a graph. */
export class ParameterReader {
  private readonly g: GraphBuilder;
  private readonly all: Value | null;

  /** @param count number of values; there is no graph input when it is 0 */
  constructor(g: GraphBuilder, count: number) {
    this.g = g;
    this.all = count === 0 ? null : g.input(PARAMETERS, [BATCH, count]);
  }

  /** The parameter as [N, length, 1, ...] of the given rank. */
  at(place: ParameterPlace, rank: number): Value {
    if (this.all === null) throw new RangeError('the plan has no parameters');
    const whole = place.length === this.all.shape[1];
    const part = whole ? this.all : this.g.slice(this.all, [0, place.offset], [BATCH, place.length]);
    return this.g.reshape(part, [BATCH, place.length, ...new Array<number>(rank - 2).fill(1)]);
  }
}
