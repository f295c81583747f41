/** Edits per letter up to which a word counts as a slip of the pen. */
const TOLERANCE = 0.4;

/**
 * The word that was probably meant: the one with the smallest edit distance, if it is near enough; a word that contains
 * the received one, or lies in it, is near too.
 */
export function nearestWord(received: string, words: readonly string[]): string | undefined {
  if (received.length === 0 || received.length > 64) return undefined;
  const asked = received.toLowerCase();
  const ranked = words
    .map((word) => ({ word, distance: editDistance(asked, word.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best !== undefined && best.distance <= TOLERANCE * Math.max(asked.length, best.word.length)) return best.word;
  return words.find((word) => asked.length >= 3 && word.toLowerCase().includes(asked));
}

/** Insertions, deletions, replacements and swaps of neighbours from one word to the other. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(i - 1, j - 1) + (same ? 0 : 1),
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
}
