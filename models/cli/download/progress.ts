/** How often a line is printed at most. */
const EVERY_MS = 2000;

/** Prints how far a download is, not more often than every two seconds. */
export function progressOf(
  title: string,
  print: (line: string) => void,
): (bytes: number, total: number | null) => void {
  let last = Date.now();
  return (bytes, total) => {
    if (Date.now() - last < EVERY_MS) return;
    last = Date.now();
    const share = total === null ? '' : ` of ${megabytes(total)} (${Math.floor((100 * bytes) / total)} %)`;
    print(`${title}: ${megabytes(bytes)}${share}`);
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
