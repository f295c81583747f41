import { readBinaryproto, readCaffemodel } from '../../models/importers/caffe/caffemodel.ts';
import { readHdf5 } from '../../models/importers/caffe/hdf5.ts';
import { readNet } from '../../models/importers/caffe/prototxt.ts';
import type { FuzzTarget } from './fuzz.ts';

/** A parser, and which files of a folder of models are its. */
export interface FuzzedParser {
  readonly name: string;
  readonly files: RegExp;
  readonly parse: FuzzTarget['parse'];
}

/** Every parser of files that come from elsewhere. */
export const PARSERS: readonly FuzzedParser[] = [
  { name: 'prototxt', files: /\.prototxt$/, parse: (bytes) => readNet(new TextDecoder().decode(bytes)) },
  { name: 'caffemodel', files: /\.caffemodel$/, parse: readCaffemodel },
  { name: 'hdf5', files: /\.h5$/, parse: readHdf5 },
  { name: 'binaryproto', files: /\.binaryproto$/, parse: readBinaryproto },
];
