import { z } from 'zod';

export const PICTURE_FORMATS = ['png', 'webp', 'avif', 'jpeg'] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

export const COLORMAPS = ['red-blue', 'heat', 'gray', 'viridis'] as const;
export type Colormap = (typeof COLORMAPS)[number];

export const RENDER_MODES = ['map', 'overlay', 'side-by-side'] as const;
export type RenderMode = (typeof RENDER_MODES)[number];

/** Smallest and largest `size` that a client may ask for, in pixels. */
export const SIZE_LIMITS = { smallest: 16, largest: 2048 } as const;

/** How a relevance is drawn: `render` of a request. Only the picture is scaled, never the relevance. */
export const renderSchema = z
  .strictObject({
    format: z
      .enum(PICTURE_FORMATS)
      .default('png')
      .describe('File format of an embedded picture, and of Accept: image/*. A concrete Accept type beats it.'),
    colormap: z
      .enum(COLORMAPS)
      .optional()
      .describe(
        'red-blue: red positive, white zero, blue negative. heat: black zero, then red, yellow, white. gray: black zero, ' +
          'white largest. viridis: violet zero, yellow largest. All but red-blue draw negative relevance as zero. ' +
          'Default: red-blue when any relevance is negative, heat otherwise.',
      ),
    mode: z
      .enum(RENDER_MODES)
      .default('map')
      .describe(
        'map: the relevance alone. overlay: blended over the picture in gray. side-by-side: the picture, then the map.',
      ),
    normalise: z
      .enum(['max-abs', 'percentile'])
      .default('max-abs')
      .describe('What gets the strongest colour: the largest |relevance|, or a percentile of |relevance|.'),
    percentile: z
      .number()
      .gt(0)
      .max(100)
      .default(99.5)
      .describe('Percentile of |relevance| for normalise: percentile. Values beyond it get the strongest colour.'),
    size: z
      .union([z.int().min(SIZE_LIMITS.smallest).max(SIZE_LIMITS.largest), z.literal('input')])
      .optional()
      .describe(
        "Longer side of one map in pixels, or input: one pixel per variable. Default: the smallest whole multiple of the input's longer side that is at least 224.",
      ),
    interpolation: z
      .enum(['nearest', 'cubic'])
      .default('nearest')
      .describe('How a map is enlarged: nearest shows the variables as squares, cubic is smooth.'),
    alpha: z
      .number()
      .min(0)
      .max(1)
      .default(0.6)
      .describe('Weight of the map in an overlay; the picture gets the rest.'),
    colorbar: z.boolean().default(false).describe('Draw the scale of the colours beside each map, with its numbers.'),
  })
  .describe('How the relevance is drawn');

/** Render options with their defaults filled in. */
export type RenderOptions = z.output<typeof renderSchema>;

/** Render options as a client writes them. */
export type RenderRequest = z.input<typeof renderSchema>;
