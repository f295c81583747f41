import { z } from 'zod';

/** Longest side that a manifest may ask a picture to be resized to. */
const MAX_SIDE = 4096;

const side = z.int().min(1).max(MAX_SIDE);

const perChannel = (value: z.ZodNumber) => z.array(value).min(1).max(4096);

const fileName = z
  .string()
  .max(255)
  .regex(
    /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]*$/,
    'a file beside the manifest: letters, digits, "_", "-", "." and "/"',
  );

/**
 * How the bytes of a picture become the input of a network: `input.preprocessing` of a manifest.
 *
 * A pixel p is 0..255. `invert` comes first (255 − p); then x = (p·scale − mean) / std, so mean and std are in scaled
 * units (Caffe's (p − mean)·scale is written as mean·scale).
 */
export const preprocessingSchema = z
  .strictObject({
    colour: z
      .enum(['gray', 'rgb', 'bgr'])
      .optional()
      .describe('Order of the channels. Default: gray for a network with one channel, rgb for one with three.'),
    resize: z
      .union([side, z.tuple([side, side])])
      .optional()
      .describe(
        'Size before the crop: a number n is the short side (fit short-side) or both sides (fit exact); [width, height] ' +
          'are the sides to cover (short-side) or to take (exact). Default: the size of the input.',
      ),
    crop: z
      .enum(['centre', 'none'])
      .default('centre')
      .describe('centre: cut the input out of the middle of the resized picture. none: it has the size of the input.'),
    fit: z
      .enum(['short-side', 'exact'])
      .optional()
      .describe(
        'short-side keeps the proportions, exact stretches. Default: short-side, and exact where nothing is cropped.',
      ),
    filter: z
      .enum(['linear', 'cubic'])
      .default('linear')
      .describe('How a picture is resized: linear is the triangle filter, cubic the one of Catmull and Rom (bicubic).'),
    scale: z.number().positive().default(1).describe('Factor of the pixel, e.g. 0.00392156862745098 for 0..1.'),
    mean: z
      .union([perChannel(z.number()), fileName])
      .default([0])
      .describe('Subtracted after scaling: one number, one per channel, or the file of a mean image.'),
    std: perChannel(z.number().positive())
      .default([1])
      .describe('Divisor after the mean: one number, or one per channel.'),
    invert: z.boolean().default(false).describe('Replace each pixel p by 255 − p first: dark strokes become bright.'),
  })
  .refine((value) => value.crop === 'centre' || value.fit !== 'short-side', {
    path: ['fit'],
    message: 'a picture that is resized by its short side has to be cropped: crop must be centre, or fit exact',
  })
  .describe('How the pixels of a picture become the input of the network');

/** Preprocessing with its defaults filled in. */
export type Preprocessing = z.output<typeof preprocessingSchema>;

/** Preprocessing as a manifest writes it. */
export type PreprocessingSpec = z.input<typeof preprocessingSchema>;

export type Colour = NonNullable<Preprocessing['colour']>;
