import type { Registry } from '../../models/registry/registry.ts';
import type { ExplanationService } from '../compute/explanation.ts';

/** What the resources need of the rest of the service. */
export interface HttpContext {
  readonly service: ExplanationService;
  readonly registry: Registry;
  readonly config: { readonly MAX_UPLOAD_BYTES: number; readonly MAX_RUNS: number };
  /** Of the service itself. */
  readonly version: string;
}
