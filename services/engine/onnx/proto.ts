import { createRequire } from 'node:module';
import type * as Proto from 'onnx-proto';

/** The ONNX message types. The package is CommonJS without statically visible names, hence `require`. */
export const { onnx } = createRequire(import.meta.url)('onnx-proto') as typeof Proto;
