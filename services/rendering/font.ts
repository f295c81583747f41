/**
 * A pixel font for the labels of a picture: a slim container has no fonts, and text in an SVG would silently vanish.
 * Each glyph is five columns of eight pixels, one hexadecimal byte per column, least significant bit on top; the last
 * row is for descenders.
 */
const GLYPHS = `
! 00005f0000  " 0007000700  # 147f147f14  $ 242a7f2a12  % 2313086462  & 3649562050
' 0000070000  ( 001c224100  ) 0041221c00  * 2a1c7f1c2a  + 08083e0808  , 0080603000
- 0808080808  . 0000606000  / 2010080402  0 3e5149453e  1 00427f4000  2 4261514946
3 2241494936  4 1814127f10  5 2745454539  6 3c4a494930  7 0171090503  8 3649494936
9 064949291e  : 0000363600  ; 0080763600  < 0814224100  = 1414141414  > 0041221408
? 0201510906  @ 3e415d554e  A 7e1111117e  B 7f49494936  C 3e41414122  D 7f4141221c
E 7f49494941  F 7f09090901  G 3e4149497a  H 7f0808087f  I 00417f4100  J 2040413f01
K 7f08142241  L 7f40404040  M 7f020c027f  N 7f0408107f  O 3e4141413e  P 7f09090906
Q 3e4151215e  R 7f09192946  S 4649494931  T 01017f0101  U 3f4040403f  V 1f2040201f
W 3f4038403f  X 6314081463  Y 0708700807  Z 6151494543  [ 007f414100  \\ 0204081020
] 0041417f00  ^ 0402010204  _ 4040404040  \` 0001020400  a 2054545478  b 7f48444438
c 3844444428  d 384444487f  e 3854545418  f 00087e0902  g 18a4a4a47c  h 7f08040478
i 00447d4000  j 4080847d00  k 007f102844  l 00417f4000  m 7c04180478  n 7c08040478
o 3844444438  p fc24242418  q 18242424fc  r 007c080408  s 4854545424  t 00043f4420
u 3c4040207c  v 1c2040201c  w 3c4030403c  x 4428102844  y 1ca0a0a07c  z 4464544c44
{ 0008364100  | 00007f0000  } 0041360800  ~ 0804081008`;

/** Width and height of a glyph, and the distance from one to the next, in font pixels. */
export const GLYPH = { width: 5, height: 8, advance: 6 } as const;

const columns: ReadonlyMap<string, readonly number[]> = new Map(
  Array.from(GLYPHS.matchAll(/(\S) ([0-9a-f]{10})/g), ([, character = '', hex = '']) => [
    character,
    Array.from({ length: GLYPH.width }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)),
  ]),
);

/** Whether a glyph is inked at a column and row; characters that the font lacks are drawn as "?". */
export function inkAt(character: string, column: number, row: number): boolean {
  if (character === ' ') return false;
  const bits = (columns.get(character) ?? columns.get('?'))?.[column] ?? 0;
  return ((bits >> row) & 1) === 1;
}

/** A text in characters that the font has: accents and typographic dashes are simplified, others become "?". */
export function printable(text: string): string {
  const plain = text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/\s/g, ' ');
  return Array.from(plain, (character) => (character === ' ' || columns.has(character) ? character : '?')).join('');
}

/** Width of a text in font pixels. */
export function textWidth(text: string): number {
  return Math.max(0, text.length * GLYPH.advance - (GLYPH.advance - GLYPH.width));
}

/** A text, cut with ".." to a width in font pixels. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const characters = Math.floor((width + GLYPH.advance - GLYPH.width) / GLYPH.advance) - 2;
  return characters > 0 ? `${text.slice(0, characters).trimEnd()}..` : '';
}
