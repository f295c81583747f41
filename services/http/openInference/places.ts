import { z } from 'zod';

export const TAGS = ['serving'];

/** What the paths of a model name. */
export const servedParamsSchema = z.object({
  name: z.string().max(100).describe('Name of a model, or {model}--{method} for its explanation'),
});

export const versionedParamsSchema = servedParamsSchema.extend({ version: z.string().max(32) });

/** The paths of a model: with and without a version, and what tells their operations apart. */
export const PLACES = [
  { path: '/v2/models/:name', params: servedParamsSchema, suffix: '' },
  { path: '/v2/models/:name/versions/:version', params: versionedParamsSchema, suffix: 'Version' },
] as const;

/** Either kind of parameters. */
export interface PlaceParams {
  readonly name: string;
  readonly version?: string;
}
