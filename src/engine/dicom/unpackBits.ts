/** One bit a pixel, lowest bit first -> one byte a pixel. */
export function unpackBits(bytes: Uint8Array, firstBit: number, pixelCount: number): Uint8Array {
  const out = new Uint8Array(pixelCount);
  for (let n = 0; n < pixelCount; n++) {
    const bit = firstBit + n;
    out[n] = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  }
  return out;
}
