import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from '../../../models/registry/registry.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import { parseKeptExplain } from '../../../schemas/explain.ts';
import { prepareCommand } from '../../compute/explainCommand.ts';
import type { ExplainCommand, Explanation, ExplanationService } from '../../compute/explanation.ts';
import type { JobExecutor } from '../executor.ts';
import { packExplanation } from './outcome.ts';

export interface ExplanationExecutorOptions {
  readonly service: ExplanationService;
  readonly registry: Registry;
  /** Most rows that a request may cost. */
  readonly maxRuns: number;
  /** Longest that an explanation may take when it is a job, in milliseconds. */
  readonly timeoutMs: number;
}

/** Pause before a job asks again for a place in the queue of explanations. */
const QUEUE_MS = 1000;

/** Explanations that were asked for with `Prefer: respond-async`: requests as `explanationJobRequest` writes them. */
export function explanationExecutor(options: ExplanationExecutorOptions): JobExecutor {
  const { service, registry, maxRuns, timeoutMs } = options;
  return async (stored, { signal }) => {
    const started = performance.now();
    const request = parseKeptExplain(stored);
    const model = registry.get(request.model, request.version);
    // Whether a picture will be asked for is not known yet.
    const { command, batched } = prepareCommand(request, model, { drawn: true, maxRuns });
    const explanation = await explainInTurn(service, { ...command, timeoutMs }, signal);
    return packExplanation({ explanation, batched, totalMs: performance.now() - started });
  };
}

/** A job waits where a client would be told that the queue is full. */
async function explainInTurn(
  service: ExplanationService,
  command: ExplainCommand,
  signal: AbortSignal,
): Promise<Explanation> {
  for (;;) {
    try {
      return await service.explain(command, signal);
    } catch (error) {
      if (!(error instanceof ElucidError && error.code === 'queue-full')) throw error;
    }
    await delay(QUEUE_MS, undefined, { signal });
  }
}
