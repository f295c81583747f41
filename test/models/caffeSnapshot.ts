/** What is written at a path of a file: a dataset, or a link to another path. */
export type Hdf5Entry =
  | { readonly data: Float32Array | Float64Array | Int32Array; readonly shape?: number[]; readonly chunks?: number[] }
  | { readonly hardLink: string }
  | { readonly softLink: string }
  | { readonly file: string; readonly path: string }
  | 'group';

/** The bytes of an HDF5 file, written by libhdf5. Groups are listed before what lies in them. */
export async function hdf5(entries: Readonly<Record<string, Hdf5Entry>>): Promise<Uint8Array> {
  const library = await import('h5wasm');
  const { FS } = await library.ready;
  const file = new library.File('/written.h5', 'w');
  for (const [path, entry] of Object.entries(entries)) {
    if (entry === 'group') file.create_group(path);
    else if ('hardLink' in entry) file.create_hard_link(entry.hardLink, path);
    else if ('softLink' in entry) file.create_soft_link(entry.softLink, path);
    else if ('file' in entry) file.create_external_link(entry.file, entry.path, path);
    else {
      const { data, shape = [data.length], chunks } = entry;
      file.create_dataset({ name: path, data, shape, ...(chunks && { chunks, compression: 9 }) });
    }
  }
  file.close();
  const bytes = Uint8Array.from(FS.readFile('/written.h5'));
  FS.unlink('/written.h5');
  return bytes;
}
