import { nearestDigit } from '../../bench/prototypes/nearestDigit.ts';
import { seededRandom } from '../../training/random.ts';

test('nearestDigit is the smallest Euclidean distance to any of the digits', () => {
  const random = seededRandom(1);
  const digits = {
    count: 30,
    pixels: Uint8Array.from({ length: 30 * 784 }, () => 256 * random()),
    labels: new Uint8Array(30),
  };
  const pictures = Float32Array.from({ length: 4 * 784 }, random);
  // The last picture is a digit itself.
  pictures.set(
    Array.from(digits.pixels.subarray(12 * 784, 13 * 784), (byte) => byte / 255),
    3 * 784,
  );
  const distances = nearestDigit(digits, pictures);
  expect(distances).toHaveLength(4);
  for (const [index, distance] of distances.entries()) {
    const to = Array.from({ length: 30 }, (_, digit) =>
      Math.hypot(
        ...Array.from(
          { length: 784 },
          (_, i) => (pictures[index * 784 + i] ?? 0) - (digits.pixels[digit * 784 + i] ?? 0) / 255,
        ),
      ),
    );
    expect(distance).toBeCloseTo(Math.min(...to), 4);
  }
  expect(distances[3]).toBeCloseTo(0, 6);
});
