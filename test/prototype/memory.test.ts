import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { isReport } from '../../services/prototype/plan.ts';
import { planPrototype } from '../../services/prototype/planPrototype.ts';
import { optionsOf, SMOOTH_SUBJECT } from './subjects.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

const STEPS = 30;

test('what a batch is asked with is forgotten when rows have ended: a search does not grow', async () => {
  const regularisers = { l2: 0.1, totalVariation: 0 };
  const plan = planPrototype(SMOOTH_SUBJECT, optionsOf({ target: 'all', steps: STEPS, regularisers }));
  const references: WeakRef<object>[] = [];
  const driver = plan.driver(null, 32);
  let event = driver.next();
  for (let step = 0; step < STEPS; ) {
    if (event.done === true) throw new Error('it ended early');
    const { value } = event;
    if (isReport(value)) {
      step = value.step;
      event = driver.next({});
      continue;
    }
    const { variable, reference } = value.inputs;
    if (variable === undefined || reference === undefined) throw new Error('it asks without a reference');
    references.push(new WeakRef(reference));
    const [rows = 0] = variable.shape;
    // The first of three prototypes stands still and ends after 20 steps; log p(c|x) of the others rises.
    const terms = Float32Array.from({ length: 3 * rows }, (_, i) => {
      return i % 3 === 1 ? (rows === 3 && i === 1 ? -50 : step - 40) : 0;
    });
    const gradient = arrayTensor(variable.shape, new Float32Array(variable.data.length));
    event = driver.next({ terms: arrayTensor([rows, 3], terms), gradient });
  }
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(references[0]?.deref()).toBeUndefined();
  expect(references.at(-1)?.deref()).toBeDefined();
  driver.return({ rows: [], images: new Float32Array(), frames: null });
});
