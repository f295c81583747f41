import type { Picture } from '../../../models/preprocessing/picture.ts';
import { arrayTensor } from '../../../models/tensors/tensor.ts';
import type { Explanation } from '../../compute/explanation.ts';
import type { JobOutcome } from '../executor.ts';
import type { JobOutput } from '../store.ts';

/** An explanation that was a job, and how the client had written its input. */
export interface StoredExplanation {
  readonly explanation: Explanation;
  readonly batched: boolean;
  /** Milliseconds that the job ran. */
  readonly totalMs: number;
}

/** What is left for JSON when values and pixels are taken out. */
interface Body extends Omit<StoredExplanation, 'explanation'> {
  readonly explanation: Omit<Explanation, 'relevance' | 'picture'>;
  readonly shape: readonly number[];
  readonly picture: Omit<Picture, 'data'> | null;
}

/** Everything as JSON, but the relevance (float32, little-endian) and the pixels of the picture. */
export function packExplanation({ explanation, ...rest }: StoredExplanation): JobOutcome {
  const { relevance, picture, ...scores } = explanation;
  const { data, ...size } = picture ?? { data: null };
  const body = { ...rest, explanation: scores, shape: relevance.shape, picture: picture === null ? null : size };
  const { buffer, byteOffset, byteLength } = relevance.data;
  return {
    body,
    blobs: { relevance: new Uint8Array(buffer, byteOffset, byteLength), ...(data === null ? {} : { picture: data }) },
  };
}

/** What `packExplanation` packed. */
export function unpackExplanation({ body, blobs }: JobOutput): StoredExplanation {
  const { explanation, shape, picture, ...rest } = JSON.parse(body) as Body;
  const values = blobs['relevance']?.slice() ?? new Uint8Array();
  const relevance = arrayTensor(shape, new Float32Array(values.buffer, 0, values.byteLength / 4));
  const pixels = blobs['picture'];
  return {
    ...rest,
    explanation: {
      ...explanation,
      relevance,
      picture: picture === null || pixels === undefined ? null : { ...picture, data: pixels },
    },
  };
}
