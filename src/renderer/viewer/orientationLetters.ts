import { scale } from '../../domain/geometry.js';
import type { Vec3 } from '../../domain/geometry.js';

export interface EdgeLetters {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

const LETTERS: readonly (readonly [string, string])[] = [
  ['R', 'L'],
  ['A', 'P'],
  ['I', 'S'],
];
/** A second letter is shown when the direction leans over 15 degrees to it. */
const LEAN = Math.sin((15 * Math.PI) / 180);

/** Patient side that a direction (LPS) points to: 'L', or two letters for an oblique one ('AL'), the nearer first. */
export function letterOf(direction: Vec3): string {
  return direction
    .map((component, axis) => ({
      size: Math.abs(component),
      letter: LETTERS[axis]?.[component < 0 ? 0 : 1] ?? '',
    }))
    .filter(({ size }, _n, all) => size >= LEAN || size === Math.max(...all.map((a) => a.size)))
    .sort((a, b) => b.size - a.size)
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join('');
}

/** Letters at the edges of an image whose right and bottom edges lie in these directions (LPS). */
export const edgeLetters = (right: Vec3, down: Vec3): EdgeLetters => ({
  right: letterOf(right),
  left: letterOf(scale(right, -1)),
  bottom: letterOf(down),
  top: letterOf(scale(down, -1)),
});
