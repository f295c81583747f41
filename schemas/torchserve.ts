import { z } from 'zod';
import { modelVersionSchema } from './manifest.ts';

/** The path of POST /predictions/{name}[/{version}] and /explanations/{name}[/{version}]. */
export const namedParamsSchema = z.object({ name: z.string().describe('Name of the model') });
export const versionedParamsSchema = namedParamsSchema.extend({ version: modelVersionSchema });

/** The query of /explanations: settings as in POST /explain, and options of the method. */
export const explanationQuerySchema = z
  .object({})
  .catchall(z.unknown())
  .describe('method, target and layer as in POST /explain, and options of the method; objects and lists as JSON');

export const labelledValuesSchema = z
  .record(z.string(), z.number())
  .describe('The five largest outputs by label, or by index: probabilities where there are any, else scores');

export const nestedRelevanceSchema = z
  .unknown()
  .meta({ description: 'The relevance as nested lists, [1, ...input shape]', type: 'array', items: {} });

export const imageFormSchema = z
  .object({ data: z.unknown().meta({ type: 'string', contentMediaType: 'application/octet-stream' }) })
  .meta({
    description: 'The image as the one file of a form, as `curl -F data=@picture.png` sends it',
    examples: [{ data: 'the bytes of models/zoo/samples/1.png' }],
  });
