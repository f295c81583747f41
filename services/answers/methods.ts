import { z } from 'zod';
import { METHOD_DESCRIPTIONS } from '../../schemas/methodDescriptions.ts';
import { DEFAULT_METHOD, METHOD_NAMES, METHOD_OPTIONS } from '../../schemas/methods.ts';
import type { methodListSchema } from '../../schemas/models.ts';
import { COMPOSITE_PRESETS } from '../../schemas/rules.ts';

/** Every method with the JSON Schema of its options, and the names of composites. */
export function methodList(): z.output<typeof methodListSchema> {
  const methods = METHOD_NAMES.map((name) => ({
    name,
    ...METHOD_DESCRIPTIONS[name],
    default: name === DEFAULT_METHOD,
    options: { ...z.toJSONSchema(METHOD_OPTIONS[name], { io: 'input' }) },
  }));
  return { methods, composites: [...COMPOSITE_PRESETS] };
}
