import type { Registry } from '../../models/registry/registry.ts';
import type { PictureLinks } from '../answers/pictureLinks.ts';
import type { Uploads } from '../answers/uploads.ts';
import type { ExplanationService } from '../compute/explanation.ts';
import type { Jobs } from '../jobs/jobs.ts';

/** What GraphQL needs of the rest of the service: the same that is behind REST. */
export interface GraphqlServices {
  readonly service: ExplanationService;
  readonly registry: Registry;
  readonly jobs: Jobs;
  readonly uploads: Uploads;
  readonly links: PictureLinks;
  readonly config: { readonly MAX_RUNS: number };
}
