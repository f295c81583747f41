import Negotiator from 'negotiator';
import { ElucidError } from '../../schemas/errors.ts';

/**
 * The media type that a client wants most.
 * @param offered all there are, the most preferred first: the first stands for an empty `Accept` and for ranges
 * @throws ElucidError `not-acceptable` that names all there are
 */
export function acceptedType<Type extends string>(
  accept: string | undefined,
  offered: readonly [Type, ...Type[]],
): Type {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const chosen = new Negotiator({ headers: { accept } }).mediaType([...offered]);
  const type = offered.find((candidate) => candidate === chosen);
  if (type !== undefined) return type;
  throw new ElucidError(
    'not-acceptable',
    `received Accept: ${JSON.stringify(accept.slice(0, 100))}; allowed are ${[...offered, ...rangesOf(offered)].join(', ')} and */*`,
  );
}

/** Ranges that stand for several types. */
function rangesOf(offered: readonly string[]): string[] {
  return offered.some((type) => type.startsWith('image/')) ? ['image/*'] : [];
}
