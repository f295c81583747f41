import { parsePrototype } from '../../../schemas/prototype.ts';
import { type PrototypeParts, preparePrototype } from '../../compute/prototype/prepare.ts';
import type { PrototypePool } from '../../compute/prototype/prototypePool.ts';
import type { JobExecutor } from '../executor.ts';
import { NO_PROGRESS } from '../record.ts';
import { packPrototypes } from './outcome.ts';
import { drawPreview } from './preview.ts';

export interface PrototypeExecutorOptions extends PrototypeParts {
  readonly pool: Pick<PrototypePool, 'run'>;
}

/** Searches for prototypes: requests as `prototypeJobRequest` writes them. */
export function prototypeExecutor({ pool, ...parts }: PrototypeExecutorOptions): JobExecutor {
  return async (stored, { signal, checkpoint, progress, save }) => {
    const request = parsePrototype(stored);
    const { task, plan } = await preparePrototype(request, parts, signal);
    let latest = NO_PROGRESS;
    let previews: Promise<void> = Promise.resolve();
    const reply = await pool.run(
      { ...task, saved: checkpoint },
      {
        signal,
        onReport: (report) => {
          if (report.snapshot !== null) save(report.snapshot);
          progress(report.progress, null);
          latest = report.progress;
          const { images } = report;
          if (images === null) return;
          previews = previews.then(async () => {
            const preview = await drawPreview(images, task.model, plan.targets, plan.options.count);
            // The search has gone on while it was drawn.
            progress(latest, preview);
          });
          // Awaited below; the search may fail first.
          previews.catch(() => undefined);
        },
      },
    );
    await previews;
    return packPrototypes(task.model, reply);
  };
}
