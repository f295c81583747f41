import { posix } from 'node:path';
import { ImportFault, quoted } from '../faults.ts';
import type { SourceFile } from '../importer.ts';
import { type Onnx, onnx } from './proto.ts';

/** The files beside a model in which tensors lie, by the names that the manifest gives them. */
export class ExternalData {
  private readonly folder: string;
  private readonly contents: ReadonlyMap<string, Uint8Array>;

  private constructor(folder: string, contents: ReadonlyMap<string, Uint8Array>) {
    this.folder = folder;
    this.contents = contents;
  }

  /**
   * Reads the listed files that some of the tensors name. A tensor's `location` starts at the model's own folder; it
   * is only ever compared with the names in the manifest.
   * @throws ElucidError `model-failed`
   */
  static async read(
    model: SourceFile,
    files: readonly SourceFile[],
    tensors: readonly Onnx.ITensorProto[],
  ): Promise<ExternalData> {
    const folder = posix.dirname(model.name);
    const wanted = new Set(tensors.filter(isExternal).map((tensor) => nameIn(folder, tensor)));
    const contents = new Map<string, Uint8Array>();
    for (const file of files) {
      if (wanted.has(file.name) && !contents.has(file.name)) contents.set(file.name, await file.read());
    }
    return new ExternalData(folder, contents);
  }

  /** The bytes of a tensor that lies in another file. @throws ImportFault when the file does not hold them. */
  bytesOf(tensor: Onnx.ITensorProto): Uint8Array {
    const name = nameIn(this.folder, tensor);
    const content = this.contents.get(name);
    if (content === undefined) {
      throw new ImportFault(`its values lie in ${quoted(name)}, which the manifest does not list among its weights`);
    }
    const offset = place(tensor, 'offset') ?? 0;
    const length = place(tensor, 'length') ?? content.byteLength - offset;
    if (offset + length > content.byteLength || length < 0) {
      throw new ImportFault(
        `bytes ${offset} to ${offset + length} of ${quoted(name)}, which has ${content.byteLength}`,
      );
    }
    return content.subarray(offset, offset + length);
  }
}

function isExternal({ dataLocation }: Onnx.ITensorProto): boolean {
  return dataLocation === onnx.TensorProto.DataLocation.EXTERNAL;
}

function nameIn(folder: string, tensor: Onnx.ITensorProto): string {
  return posix.join(folder, entry(tensor, 'location') ?? '');
}

function entry({ externalData }: Onnx.ITensorProto, key: string): string | undefined {
  return externalData?.find((pair) => pair.key === key)?.value ?? undefined;
}

/** A number of bytes. */
function place(tensor: Onnx.ITensorProto, key: string): number | undefined {
  const text = entry(tensor, key);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new ImportFault(`the ${key} ${quoted(text)} of its external data is no number`);
  return Number(text);
}
