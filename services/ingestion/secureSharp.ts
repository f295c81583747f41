import sharp from 'sharp';

/** Loaders that stay open: the three formats that are read, and only from memory. */
const OPEN_LOADERS = ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'];

/**
 * Readies sharp for bytes that strangers sent. To be called once, at the start of a process that decodes them: every
 * other loader (SVG, GIF, TIFF, PDF, ..., and all that open files or URLs) is closed for the whole process, nothing is
 * kept between pictures, and one picture uses one thread, which is also the fastest for small ones.
 */
export function secureSharp(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: OPEN_LOADERS });
  sharp.cache(false);
  sharp.concurrency(1);
}
