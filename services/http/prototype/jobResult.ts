import { parsePrototype } from '../../../schemas/prototype.ts';
import { acceptedType } from '../../answers/acceptedType.ts';
import { prototypesBody, prototypesNpy, prototypesPicture } from '../../answers/prototypes.ts';
import { unpackPrototypes } from '../../jobs/prototype/outcome.ts';
import { pictureFormatOf } from '../explain/negotiation.ts';
import type { PresentJob } from '../jobs/presenter.ts';

/** The representations of prototypes; the first one is the default. */
export const PROTOTYPE_TYPES = [
  'application/json',
  'image/png',
  'image/webp',
  'image/avif',
  'image/jpeg',
  'application/x-npy',
] as const;

/** The result of POST /prototype, by Accept. */
export const presentPrototypes: PresentJob = async (job, output, accept) => {
  const request = parsePrototype(JSON.parse(output.request));
  const [json, ...others] = PROTOTYPE_TYPES;
  const preferred = `image/${request.render.format}` as const;
  const type = acceptedType(accept, [json, preferred, ...others.filter((other) => other !== preferred)]);
  const stored = unpackPrototypes(output);
  const format = pictureFormatOf(type);
  if (format !== null) {
    return { contentType: type, headers: {}, body: await prototypesPicture(stored, request.render, format) };
  }
  if (type === 'application/x-npy') return { contentType: type, headers: {}, body: prototypesNpy(stored) };
  return { contentType: type, headers: {}, body: await prototypesBody(job.id, stored, request) };
};
