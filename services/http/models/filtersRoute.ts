import { encodeNpy } from '../../../models/tensors/npy.ts';
import { type ArrayTensor, arrayTensor } from '../../../models/tensors/tensor.ts';
import { faultAt } from '../../../schemas/errors.ts';
import {
  type FilterColours,
  type FiltersQuery,
  filtersParamsSchema,
  filtersQuerySchema,
} from '../../../schemas/filters.ts';
import type { Manifest } from '../../../schemas/manifest.ts';
import { PICTURE_FORMATS, type PictureFormat } from '../../../schemas/render.ts';
import { acceptedType } from '../../answers/acceptedType.ts';
import { type EncodedPicture, encodePicture } from '../../rendering/encode.ts';
import { drawFilterSheet } from '../../rendering/filterSheet.ts';
import type { HttpContext } from '../context.ts';
import { binary, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';

const NPY_TYPE = 'application/x-npy';
const FILTER_TYPES = ['image/png', 'image/webp', 'image/avif', 'image/jpeg', NPY_TYPE] as const;

/** GET /models/{name}/layers/{layer}/filters. */
export function filtersRoute(app: ZodApp, { service, registry }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/models/:name/layers/:layer/filters',
    schema: {
      operationId: 'showFilters',
      tags: ['models'],
      summary: 'The filters of a convolution that sees the input',
      description:
        'The weights as a sheet of pictures, one per filter with its index below, or as a NumPy file of float32 ' +
        '[filters, channels per group, height, width]. Batch normalisations are folded in. A layer qualifies that is ' +
        'reached from the input through no other dense or convolutional layer. The filters of a signal are drawn as ' +
        'tables of channels by steps.',
      params: filtersParamsSchema,
      querystring: filtersQuerySchema,
      response: {
        200: { description: 'By Accept; default: image/png', content: binary(...FILTER_TYPES) },
        ...problems(404, 405, 406, 422, 500, 503),
      },
    },
    onRequest: async ({ headers }) => {
      acceptedType(headers.accept, FILTER_TYPES);
    },
    handler: async ({ params: { name, layer }, query, headers }, reply) => {
      const type = acceptedType(headers.accept, FILTER_TYPES);
      const model = registry.get(name, query.version);
      const weights = await service.filters(model, layer);
      reply.header('vary', 'accept').type(type);
      const format = PICTURE_FORMATS.find((one) => type === `image/${one}`);
      return reply.send(
        format === undefined ? npyFile(weights) : await draw(weights, model.manifest, query, format).image.toBuffer(),
      );
    },
  });
}

function npyFile(weights: ArrayTensor): Buffer {
  const file = encodeNpy(weights);
  return Buffer.from(file.buffer, file.byteOffset, file.byteLength);
}

/** @throws ElucidError `invalid` when filters that have not three channels are wanted in colour */
function draw(weights: ArrayTensor, { input }: Manifest, query: FiltersQuery, format: PictureFormat): EncodedPicture {
  const isSignal = input.shape.length === 2 && weights.shape[2] === 1;
  const drawn = isSignal ? asTables(weights) : weights;
  const [, channels = 0] = drawn.shape;
  const colours = query.colormap ?? usualColours(channels, input);
  if (colours === 'rgb' && channels !== 3) {
    const detail = `colormap rgb needs filters of 3 channels, these have ${channels}; allowed here are gray, red-blue`;
    throw faultAt('invalid', '/colormap', detail);
  }
  const isBgr = input.kind === 'image' && input.preprocessing.colour === 'bgr';
  const sheet = drawFilterSheet(drawn, { ...query, colours, channels: isBgr ? [2, 1, 0] : [0, 1, 2] });
  return encodePicture(sheet, format);
}

function usualColours(channels: number, { kind }: Manifest['input']): FilterColours {
  if (kind === 'tensor' || (channels !== 1 && channels !== 3)) return 'red-blue';
  return channels === 3 ? 'rgb' : 'gray';
}

/** Filters [out, in, 1, steps] of a signal as pictures of one channel whose rows are the signal's channels. */
function asTables({ shape: [out = 0, channels = 0, height = 0, steps = 0], data }: ArrayTensor): ArrayTensor {
  return arrayTensor([out, 1, channels * height, steps], data);
}
