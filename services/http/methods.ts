import { z } from 'zod';
import { METHOD_DESCRIPTIONS } from '../../schemas/methodDescriptions.ts';
import { DEFAULT_METHOD, METHOD_NAMES, METHOD_OPTIONS } from '../../schemas/methods.ts';
import { methodListSchema } from '../../schemas/models.ts';
import { COMPOSITE_PRESETS } from '../../schemas/rules.ts';
import { json, problems } from './openapi/responses.ts';
import type { ZodApp } from './plugins/validation.ts';

/** GET /methods. */
export function methodRoute(app: ZodApp): void {
  const list = methodList();
  app.route({
    method: 'GET',
    url: '/methods',
    schema: {
      operationId: 'listMethods',
      tags: ['explain'],
      summary: 'All explanation methods, and the JSON Schema of their options',
      response: { 200: json('All methods', methodListSchema), ...problems(405, 500) },
    },
    handler: async () => list,
  });
}

function methodList(): z.output<typeof methodListSchema> {
  const methods = METHOD_NAMES.map((name) => ({
    name,
    ...METHOD_DESCRIPTIONS[name],
    default: name === DEFAULT_METHOD,
    options: { ...z.toJSONSchema(METHOD_OPTIONS[name], { io: 'input' }) },
  }));
  return { methods, composites: [...COMPOSITE_PRESETS] };
}
