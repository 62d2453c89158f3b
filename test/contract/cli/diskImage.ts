import { encode } from 'fast-png';

/** A bright disk on a ramp: something to segment. */
export function drawDisk(
  size: number,
  centre: number,
  radius: number,
): { image: Uint8Array; mask: Uint8Array } {
  const image = new Uint8Array(size * size);
  const mask = new Uint8Array(size * size);
  for (let p = 0; p < image.length; p++) {
    const inside = Math.hypot((p % size) - centre, Math.floor(p / size) - centre) < radius;
    mask[p] = inside ? 255 : 0;
    image[p] = inside ? 220 : 30 + ((p % size) * 40) / size;
  }
  return { image, mask };
}
export const png = (data: Uint8Array, size: number): Uint8Array =>
  encode({ width: size, height: size, data, channels: 1, depth: 8 });
