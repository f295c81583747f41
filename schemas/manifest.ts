import { z } from 'zod';
import { preprocessingSchema } from './preprocessing.ts';

/** What a model may be called: safe in a URL, in a file name, and as one half of `model--method`. */
export const modelNameSchema = z
  .string()
  .regex(/^(?!.*--)[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" or "-", without "--"')
  .describe('Name of the model: 1 to 64 letters, digits, "_" or "-", without "--".');

export const modelVersionSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'must be 1 to 32 letters, digits, ".", "_" or "-"')
  .describe('Version; the highest is the default, runs of digits compared as numbers ("10" is above "9").');

/** Whether a path is relative and cannot leave the folder it starts in, on any operating system. */
function staysInside(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '..' && part !== '.' && !/[\\:\0]/.test(part));
}

export const modelPathSchema = z
  .string()
  .min(1)
  .max(255)
  .refine(staysInside, 'must be a relative path inside the folder of the model, with "/" between its parts')
  .describe("Path of a file inside the model's folder.");

export const modelFileSchema = z
  .strictObject({
    path: modelPathSchema,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')
      .optional()
      .describe('SHA-256 of the content, checked when the model is registered.'),
    sha1: z
      .string()
      .regex(/^[0-9a-f]{40}$/, 'must be 40 lower-case hexadecimal digits')
      .optional()
      .describe('SHA-1 of the content, where the publisher states no better one; checked too.'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Where `models fetch` downloads the file.'),
  })
  .describe('A file of the model.');

export const randomWeightsSchema = z
  .strictObject({
    random: z.strictObject({
      seed: z.int().nonnegative().describe('Seed of the random numbers.'),
      filler: z.enum(['gaussian', 'xavier', 'msra', 'constant']).describe("Caffe's filler of that name."),
    }),
  })
  .describe('Random weights instead of a file.');

const filesSchema = z.strictObject({
  definition: modelFileSchema
    .optional()
    .describe('The file that names the layers: prototxt for caffe, model.json for tfjs, none for onnx.'),
  weights: z
    .union([modelFileSchema, z.array(modelFileSchema).min(1).max(4096), randomWeightsSchema])
    .describe('The file with the weights, a list of them (the shards of tfjs), or how to make random ones.'),
});

const finite = z.number();
const oneOrPerChannel = z.union([finite, z.array(finite).min(1).max(65536)]);

export const boxSchema = z
  .tuple([oneOrPerChannel, oneOrPerChannel])
  .describe('Smallest and largest legal value of the input after preprocessing: numbers, or one per channel.');

const dimension = z
  .int()
  .positive()
  .max(1 << 24);

const imageInputSchema = z.strictObject({
  kind: z.literal('image').describe('Clients may send pictures as well as tensors.'),
  shape: z.tuple([dimension, dimension, dimension]).describe('[channels, height, width].'),
  preprocessing: preprocessingSchema.prefault({}),
  box: boxSchema.optional(),
});

const tensorInputSchema = z.strictObject({
  kind: z.literal('tensor').describe('Clients send tensors only.'),
  shape: z.array(dimension).min(1).max(4).describe('Shape without the batch.'),
  box: boxSchema.optional(),
});

const inputSchema = z.discriminatedUnion('kind', [imageInputSchema, tensorInputSchema]);

const outputSchema = z.strictObject({
  kind: z.enum(['classification', 'regression']).describe('What the outputs are: scores of classes, or quantities.'),
  layer: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Name of the layer whose output is explained; default: the last one.'),
  labels: z
    .union([z.array(z.string().min(1).max(1000)).min(1).max(1e6), modelPathSchema])
    .optional()
    .describe('Names of the outputs in order, or a text file with one per line.'),
  unit: z.string().min(1).max(64).optional().describe('Unit of a regression.'),
});

/** Names that `companions` may hold. */
export const COMPANIONS = ['density', 'generator', 'codeRange', 'classMeans'] as const;

const companionsSchema = z
  .strictObject({
    density: modelNameSchema.optional().describe('A model of the density of the inputs, for prototypes.'),
    generator: modelNameSchema.optional().describe('A model that generates inputs from codes, for prototypes.'),
    codeRange: modelPathSchema
      .optional()
      .describe('A .npy file [...code shape, 2]: lowest and highest usual value of every unit of the code.'),
    classMeans: modelPathSchema.optional().describe('A .npy file [classes, ...input shape] of mean inputs.'),
  })
  .describe('Other models and files that belong to this one.');

/** manifest.json, the file that makes a folder a model. */
export const manifestSchema = z
  .strictObject({
    name: modelNameSchema,
    version: modelVersionSchema,
    title: z.string().min(1).max(200).optional().describe('One line for people.'),
    licence: z.string().min(1).max(1000).optional().describe('Licence of the weights.'),
    source: z.string().min(1).max(2000).optional().describe('Where the model comes from.'),
    format: z.enum(['caffe', 'onnx', 'tfjs']).describe('Which importer reads the files.'),
    files: filesSchema,
    input: inputSchema,
    output: outputSchema,
    companions: companionsSchema.optional(),
    metrics: z
      .record(z.string().max(64), z.union([finite, z.string().max(1000)]))
      .optional()
      .describe('Measured qualities, and the command that measured them.'),
  })
  .refine(({ format, files }) => (format === 'onnx') === (files.definition === undefined), {
    path: ['files', 'definition'],
    message: 'caffe and tfjs need a definition, onnx has none',
  })
  .describe('manifest.json');

export type Manifest = z.output<typeof manifestSchema>;
export type ModelFile = z.output<typeof modelFileSchema>;
export type RandomWeights = z.output<typeof randomWeightsSchema>;

/** A manifest as it is written in the file, before defaults are filled in. */
export type ManifestSpec = z.input<typeof manifestSchema>;
