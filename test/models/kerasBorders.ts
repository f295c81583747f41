import { type Config, pair, pixel } from './kerasWindows.ts';
import { at, filled, type Values } from './values.ts';

/** Layers that add, cut off and copy pixels: Keras' definitions as plain loops over [H, W, C]. */

export function zeroPadding(x: Values, config: Config): Values {
  const [top, bottom, left, right] = borders(config['padding'] ?? 1);
  const [height, width, channels] = [at(x.shape, 0), at(x.shape, 1), at(x.shape, 2)];
  return filled([height + top + bottom, width + left + right, channels], ([y = 0, column = 0, c = 0]) =>
    pixel(x, y - top, column - left, c),
  );
}

export function cropping(x: Values, config: Config): Values {
  const [top, bottom, left, right] = borders(config['cropping'] ?? 1);
  const [height, width, channels] = [at(x.shape, 0), at(x.shape, 1), at(x.shape, 2)];
  return filled([height - top - bottom, width - left - right, channels], ([y = 0, column = 0, c = 0]) =>
    pixel(x, y + top, column + left, c),
  );
}

/** Keras' one number, [vertical, horizontal] or [[top, bottom], [left, right]]. */
function borders(value: unknown): readonly [number, number, number, number] {
  const [rows, columns] = typeof value === 'number' ? [value, value] : Array.isArray(value) ? value : [];
  const [[top = 0, bottom = 0], [left = 0, right = 0]] = [pair(rows), pair(columns)];
  return [top, bottom, left, right];
}

export function upsampling(x: Values, config: Config): Values {
  const size = pair(config['size'] ?? 2);
  const [down, across] = [at(size, 0), at(size, 1)];
  const [height, width, channels] = [at(x.shape, 0), at(x.shape, 1), at(x.shape, 2)];
  return filled([height * down, width * across, channels], ([y = 0, column = 0, c = 0]) =>
    pixel(x, Math.floor(y / down), Math.floor(column / across), c),
  );
}
