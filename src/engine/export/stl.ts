import { cross, length, scale, subtract } from '../../domain/geometry.js';
import type { Vec3 } from '../../domain/geometry.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Surface } from './surface.js';

const HEADER_BYTES = 80;
const TRIANGLE_BYTES = 50; // normal, three corners as floats, and two bytes of nothing

/**
 * A binary STL, in LPS mm as the header says (3D Slicer reads this mark; others take LPS or ask). The header must not
 * begin with 'solid', which means text.
 */
export function encodeStl(surface: Surface): Uint8Array {
  const count = surface.length / 9;
  const bytes = Buffer.alloc(HEADER_BYTES + 4 + count * TRIANGLE_BYTES);
  bytes.write(`SPACE=LPS; UNIT=mm; ${RESEARCH_NOTICE}`, 0, HEADER_BYTES, 'latin1');
  bytes.writeUInt32LE(count, HEADER_BYTES);
  for (let n = 0; n < count; n++) {
    const corner = (c: number): Vec3 => [
      surface[9 * n + 3 * c] ?? 0,
      surface[9 * n + 3 * c + 1] ?? 0,
      surface[9 * n + 3 * c + 2] ?? 0,
    ];
    const normal = cross(subtract(corner(1), corner(0)), subtract(corner(2), corner(0)));
    const size = length(normal);
    const at = HEADER_BYTES + 4 + n * TRIANGLE_BYTES;
    [size === 0 ? normal : scale(normal, 1 / size), corner(0), corner(1), corner(2)]
      .flat()
      .forEach((value, m) => bytes.writeFloatLE(value, at + 4 * m));
  }
  return bytes;
}
