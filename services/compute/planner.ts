import { LRUCache } from 'lru-cache';
import type { MethodOptions } from '../../schemas/methods.ts';
import { planExplanation } from '../explanation/methods/index.ts';
import type { Focus, Plan, Subject } from '../explanation/plan.ts';
import { type PlanName, PREDICT, planPrediction } from '../explanation/prediction.ts';

/** Characters of options whose plans are kept per model: the same few are asked for again and again. */
const PLANNED_CHARACTERS = 1 << 18;

/**
 * Plans explanations of one model, or its prediction alone.
 * @param options parsed by the method's schema
 * @throws ElucidError `not-applicable`
 */
export type Planner = (method: PlanName, options: Readonly<Record<string, unknown>>, focus?: Focus) => Plan;

/** A planner that remembers its latest plans. */
export function plannerFor(model: Omit<Subject, keyof Focus>): Planner {
  const plans = new LRUCache<string, Plan>({
    maxSize: PLANNED_CHARACTERS,
    sizeCalculation: (_, key) => key.length,
  });
  return (method, options, focus = {}) => {
    const { unit = null, layer = null } = focus;
    const key = `${method} ${unit} ${layer} ${JSON.stringify(options)}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    const subject = { ...model, unit, layer };
    const plan =
      method === PREDICT
        ? planPrediction(subject)
        : planExplanation(subject, method, options as MethodOptions<typeof method>);
    plans.set(key, plan);
    return plan;
  };
}
