import DataLoader from 'dataloader';
import type { Owner, Principal } from '../access/principal.ts';
import { type ModelDetail, modelDetail } from '../answers/models.ts';
import type { JobOutput } from '../jobs/store.ts';
import type { GraphqlServices } from './services.ts';

/** A model by name and version. */
export interface ModelKey {
  readonly name: string;
  readonly version: string | null;
}

/** What several fields of one operation may ask for is read once. */
export interface Loaders {
  /** All of a model: loads it. */
  readonly details: DataLoader<ModelKey, ModelDetail, string>;
  /** What a job gave; null where it gave nothing. */
  readonly outputs: DataLoader<string, JobOutput | null>;
}

export function loadersFor({ service, registry, jobs }: Services, { owner }: Principal): Loaders {
  const detail = ({ name, version }: ModelKey) => modelDetail(service, registry, name, version ?? undefined);
  const output = (id: string) => outputOf(jobs, id, owner);
  return {
    details: new DataLoader((keys) => settled(keys.map(detail)), {
      cacheKeyFn: ({ name, version }) => JSON.stringify([name, version]),
    }),
    outputs: new DataLoader((ids) => settled(ids.map(output))),
  };
}

type Services = Pick<GraphqlServices, 'service' | 'registry' | 'jobs'>;

async function outputOf(jobs: Services['jobs'], id: string, owner: Owner): Promise<JobOutput | null> {
  return (await jobs.output(id, owner)).output;
}

/** Values and errors side by side, as a loader wants them. */
async function settled<Value>(promises: readonly Promise<Value>[]): Promise<(Value | Error)[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'fulfilled') return result.value;
    return result.reason instanceof Error ? result.reason : new Error(String(result.reason));
  });
}
