import { faultAt } from '../../../schemas/errors.ts';
import type { Subject } from '../plan.ts';

/** Refuses relevance at a layer for methods that vary the input. @throws ElucidError `not-applicable` */
export function inputOnly({ layer = null, network }: Subject, method: string): void {
  if (layer === null) return;
  const name = network.layers[layer]?.name ?? '';
  throw faultAt('not-applicable', '/layer', `${method} gives relevance at the input only, not at layer ${name}`);
}
