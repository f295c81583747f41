import { cutText, inkAt, printable, textWidth } from '../../services/rendering/font.ts';

const glyph = (character: string) =>
  Array.from({ length: 8 }, (_, row) =>
    Array.from({ length: 5 }, (_, column) => (inkAt(character, column, row) ? '#' : '.')).join(''),
  );

test('letters look like themselves', () => {
  expect(glyph('A')).toEqual(['.###.', '#...#', '#...#', '#...#', '#####', '#...#', '#...#', '.....']);
  expect(glyph('7')).toEqual(['#####', '....#', '...#.', '..#..', '.#...', '.#...', '.#...', '.....'].map(String));
});

test('every printable character of ASCII has ink, except the blank, and no two are alike', () => {
  const characters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const drawn = new Set(characters.map((character) => glyph(character).join('')));
  expect(drawn.size).toBe(94);
  expect(glyph(' ').join('')).not.toContain('#');
});

test('texts are simplified to what the font has', () => {
  expect(printable('Café — 3\u202f× 猫')).toBe('Cafe - 3 ? ?');
});

test('a long label is cut to its width', () => {
  expect(cutText('owl', 100)).toBe('owl');
  const cut = cutText('motor scooter, scooter', 60);
  expect(cut).toBe('motor sc..');
  expect(textWidth(cut)).toBeLessThanOrEqual(60);
  expect(cutText('owl', 4)).toBe('');
});
