import type { Manifest, ModelFile } from '../../schemas/manifest.ts';
import { manifestFolders } from '../registry/registry.ts';
import { argumentsOf } from './arguments.ts';
import { destinationOf } from './download/destination.ts';
import { Digests, isStated } from './download/digests.ts';
import { download } from './download/download.ts';
import { DownloadFault } from './download/fault.ts';
import { progressOf } from './download/progress.ts';
import { modelRoots } from './folders.ts';
import { type Command, EXIT, type Printer, UsageError } from './usage.ts';

const DEFAULT_MAX_BYTES = 4 * 2 ** 30;

/** A server that sends nothing for so long is given up. */
const IDLE_MS = 60_000;

const usage = `npm run models -- fetch [--models DIR] [--max-bytes N] [NAME]

Downloads the files of the models of models/zoo and of DIR, or of those called NAME, that are missing and whose manifest
states a url. A file gets its name only when its checksums are those of the manifest. A download that was cut goes on where it stopped.

  --models DIR    folder of further models (default: MODELS_DIR)
  --max-bytes N   largest file that is accepted (default: ${DEFAULT_MAX_BYTES})

Exit code: 0 all files are there, 1 some are not, 2 the command line was not understood.`;

/** Downloads files of models that are missing. Only the operator does this, never the service. */
export const fetchFiles: Command = {
  summary: 'download files that are missing, from where the manifests say',
  usage,
  async run(args, environment, print) {
    const options = { models: { type: 'string' }, 'max-bytes': { type: 'string' } } as const;
    const { values, positionals } = argumentsOf(args, options, 1);
    const maxBytes = sizeOf(values['max-bytes']);
    const [name] = positionals;
    const folders = await manifestFolders(modelRoots(values.models, environment, name));
    if (name !== undefined && folders.length === 0) throw new UsageError(`there is no model ${JSON.stringify(name)}`);
    let faults = 0;
    for (const { path, entry } of folders) {
      if (entry.state === 'failed') {
        print.out(`${entry.name}: FAULT: ${entry.reason}`);
        faults += 1;
        continue;
      }
      const { manifest } = entry;
      for (const file of filesOf(manifest)) {
        const title = `${manifest.name} ${manifest.version}, ${file.path}`;
        if (!(await supply(path, file, title, maxBytes, print))) faults += 1;
      }
    }
    return faults === 0 ? EXIT.well : EXIT.faults;
  },
};

function sizeOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_MAX_BYTES;
  const size = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (size === 0) {
    throw new UsageError(`--max-bytes: received ${JSON.stringify(text)}; allowed are whole numbers from 1 on`);
  }
  return size;
}

/** The files that a manifest names with what is known of them, each once. */
function filesOf({ files: { definition, weights } }: Manifest): readonly ModelFile[] {
  const files = 'random' in weights ? [definition] : [definition, weights].flat();
  return [...new Map(files.flatMap((file) => (file === undefined ? [] : [[file.path, file] as const]))).values()];
}

/** Downloads a file if it is missing, and prints what became of it. @returns whether it is there now, and right */
async function supply(folder: string, file: ModelFile, title: string, maxBytes: number, print: Printer) {
  try {
    print.out(`${title}: ${await supplied(folder, file, title, maxBytes, print)}`);
    return true;
  } catch (error) {
    if (!(error instanceof DownloadFault) && !isOfSystem(error)) throw error;
    print.out(`${title}: FAULT: ${error.message}`);
    return false;
  }
}

async function supplied(folder: string, file: ModelFile, title: string, maxBytes: number, print: Printer) {
  const destination = await destinationOf(folder, file);
  const present = await Digests.ofFile(destination.path);
  const difference = present?.difference(file) ?? null;
  if (difference !== null) throw new DownloadFault(`${difference}; remove the file to download it anew`);
  if (present !== null) return 'is there';
  if (file.url === undefined) throw new DownloadFault('it is missing, and the manifest states no url');
  print.error(`${title}: from ${new URL(file.url).host}`);
  const onProgress = progressOf(title, print.error);
  const { bytes, sha256 } = await download(file.url, file, destination, { maxBytes, idleMs: IDLE_MS, onProgress });
  const unproven = isStated(file) ? '' : `; the manifest states no checksum, its sha256 is ${sha256}`;
  return `downloaded, ${bytes} bytes${unproven}`;
}

/** Whether the file system refused something, such as a full disk. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
