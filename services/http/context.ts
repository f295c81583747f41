import type { RegistryChanges } from '../../models/registry/liveRegistry.ts';
import type { Registry } from '../../models/registry/registry.ts';
import type { PictureLinks } from '../answers/pictureLinks.ts';
import type { Uploads } from '../answers/uploads.ts';
import type { ExplanationService } from '../compute/explanation.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { OpenStreams } from './jobs/openStreams.ts';
import type { JobPresenters } from './jobs/presenter.ts';
import type { Predictor } from './kserve/predictor.ts';
import type { ServedModels } from './serving/servedModels.ts';

/** What the resources need of the rest of the service. */
export interface HttpContext {
  readonly service: ExplanationService;
  /** The models there are now. A handler asks it once per request, and keeps the answer. */
  readonly registry: Registry;
  /** The same models behind the model-serving protocols. */
  readonly served: ServedModels;
  /** Who predicts in place of this service; null when nobody does. */
  readonly predictor?: Predictor | null;
  readonly jobs: Jobs;
  /** Images that requests can name. */
  readonly uploads: Uploads;
  /** Links to pictures that were drawn. */
  readonly links: PictureLinks;
  /** How results of jobs are written, by kind. */
  readonly presenters: JobPresenters;
  /** Answers that wait for jobs. */
  readonly streams: OpenStreams;
  /** Reads the folders of models again. */
  readonly reloadModels: () => Promise<RegistryChanges>;
  readonly config: { readonly MAX_UPLOAD_BYTES: number; readonly MAX_RUNS: number };
  /** Of the service itself. */
  readonly version: string;
}
