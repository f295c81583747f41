import type { z } from 'zod';
import { explainJsonSchema } from '../../../schemas/explain.ts';
import { answeringModelSchema, explainedItemSchema, scoredOutputSchema } from '../../../schemas/explanation.ts';
import { JOB_KINDS, JOB_STATES, jobErrorSchema, jobProgressSchema } from '../../../schemas/jobs.ts';
import { COMPANIONS } from '../../../schemas/manifest.ts';
import { METHOD_NAMES } from '../../../schemas/methods.ts';
import { OBJECTIVES, PROTOTYPE_INCLUDABLE, PROTOTYPE_VARIANTS } from '../../../schemas/prototype.ts';
import { COLORMAPS, PICTURE_FORMATS, RENDER_MODES } from '../../../schemas/render.ts';
import { tensorInputSchema } from '../../../schemas/tensorInput.ts';
import { ZodTypes } from '../zodTypes.ts';

const { prediction, target, conservation } = explainedItemSchema.shape;

/** Names of objects and enumerations that are met at more than one place, or deserve a short one. */
export function namedTypes(): ZodTypes {
  return new ZodTypes(
    new Map<z.core.$ZodType, string>([
      [answeringModelSchema, 'AnsweringModel'],
      [scoredOutputSchema, 'ScoredOutput'],
      [prediction, 'Prediction'],
      [target, 'ExplainedTarget'],
      [conservation.unwrap(), 'Conservation'],
      [explainedItemSchema.shape.relevance, 'RelevanceSums'],
      [explainJsonSchema.shape.input, 'SubjectInput'],
      [tensorInputSchema.in, 'TensorInput'],
      [jobProgressSchema, 'JobProgress'],
      [jobErrorSchema, 'JobError'],
    ]),
    {
      Method: METHOD_NAMES,
      JobKind: JOB_KINDS,
      JobState: JOB_STATES,
      PrototypeVariant: PROTOTYPE_VARIANTS,
      Objective: OBJECTIVES,
      PrototypeExtra: PROTOTYPE_INCLUDABLE,
      Companion: COMPANIONS,
      PictureFormat: PICTURE_FORMATS,
      Colormap: COLORMAPS,
      RenderMode: RENDER_MODES,
    },
  );
}
