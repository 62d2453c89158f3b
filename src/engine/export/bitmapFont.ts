/** Letters of 3 x 5 dots, top row first, for the few words that stand on an exported picture. */
const GLYPHS: Readonly<Record<string, string>> = {
  '0': '111 101 101 101 111',
  '1': '010 110 010 010 111',
  '2': '111 001 111 100 111',
  '3': '111 001 111 001 111',
  '4': '101 101 111 001 001',
  '5': '111 100 111 001 111',
  '6': '111 100 111 101 111',
  '7': '111 001 010 010 010',
  '8': '111 101 111 101 111',
  '9': '111 101 111 001 111',
  A: '010 101 111 101 101',
  C: '011 100 100 100 011',
  D: '110 101 101 101 110',
  E: '111 100 110 100 111',
  F: '111 100 110 100 100',
  G: '011 100 101 101 011',
  H: '101 101 111 101 101',
  I: '111 010 010 010 111',
  L: '100 100 100 100 111',
  N: '110 101 101 101 101',
  O: '010 101 101 101 010',
  R: '110 101 110 101 101',
  S: '011 100 010 001 110',
  T: '111 010 010 010 010',
  U: '101 101 101 101 111',
  Y: '101 101 010 010 010',
  ',': '000 000 000 010 100',
};

/** Dots of `text` (upper case is used) as [x, y] from its top left; a letter is 4 dots wide with its gap. */
export function computeTextDots(text: string): readonly (readonly [number, number])[] {
  return Array.from(text.toUpperCase()).flatMap((letter, position) =>
    (GLYPHS[letter] ?? '')
      .split(' ')
      .flatMap((row, y) =>
        Array.from(row).flatMap((dot, x) => (dot === '1' ? [[4 * position + x, y] as const] : [])),
      ),
  );
}
