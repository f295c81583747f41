import { z } from 'zod';

/** The comparison of the tutorial: how the prototypes of a row are searched. */
export const SEARCHES = [
  { title: 'simple, mean', request: { variant: 'simple', init: 'mean' } },
  { title: 'simple, class', request: { variant: 'simple', init: 'class-mean' } },
  { title: 'density', request: { variant: 'density' } },
  { title: 'generator', request: { variant: 'generator' } },
] as const;

const answerSchema = z.object({
  prototypes: z.array(
    z.object({
      probability: z.number(),
      steps: z.number(),
      image: z.string(),
      tensor: z.object({ data: z.string() }),
      terms: z.looseObject({ log_probability: z.number() }),
    }),
  ),
  timing_ms: z.object({ compute: z.number() }),
});

export interface FoundPrototype {
  readonly probability: number;
  readonly logProbability: number;
  readonly steps: number;
  /** PNG. */
  readonly image: Buffer;
  readonly values: Float32Array;
}

export interface Found {
  readonly prototypes: readonly FoundPrototype[];
  readonly seconds: number;
}

/** Searches prototypes by POST /prototype and waits for them. */
export async function search(url: string, request: Readonly<Record<string, unknown>>): Promise<Found> {
  const response = await fetch(`${url}/prototype`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify({ ...request, include: ['tensor'] }),
  });
  if (response.status !== 200) throw new Error(`POST /prototype answered ${response.status}: ${await response.text()}`);
  const { prototypes, timing_ms: timing } = answerSchema.parse(await response.json());
  return {
    seconds: timing.compute / 1000,
    prototypes: prototypes.map(({ probability, steps, image, tensor, terms }) => ({
      probability,
      logProbability: terms.log_probability,
      steps,
      image: Buffer.from(image, 'base64'),
      values: floats(Buffer.from(tensor.data, 'base64')),
    })),
  };
}

function floats(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
