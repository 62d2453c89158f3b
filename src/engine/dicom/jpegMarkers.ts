/** Marker segments of a JPEG stream before its first scan. */
interface Segment {
  readonly marker: number;
  readonly start: number; // of the payload
  readonly length: number;
}

function readSegments(bytes: Uint8Array): readonly Segment[] {
  const segments: Segment[] = [];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    segments.push({ marker, start: at + 4, length: length - 2 });
    if (marker === 0xda) break;
    at += 2 + length;
  }
  return segments;
}

const isFrameMarker = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Bits a sample of the stream's frame header (8 or 12); 8 when there is none. */
export function readPrecision(bytes: Uint8Array): number {
  const frame = readSegments(bytes).find((segment) => isFrameMarker(segment.marker));
  return frame === undefined ? 8 : (bytes[frame.start] ?? 8);
}

const ADOBE = [0x41, 0x64, 0x6f, 0x62, 0x65];

/**
 * A JPEG stream says by a JFIF or Adobe marker, or by its component names, whether its colours are RGB or
 * YCbCr; libjpeg takes it for YCbCr where nothing says so. DICOM streams often have no marker, and then the
 * Photometric Interpretation decides: an Adobe marker that says "RGB" is put in for it.
 */
export function setColourTransform(bytes: Uint8Array, photometric: string): Uint8Array {
  if (photometric !== 'RGB') return bytes;
  const segments = readSegments(bytes);
  const startsWith = (segment: Segment, text: readonly number[]): boolean =>
    text.every((value, n) => bytes[segment.start + n] === value);
  const marked = segments.some(
    (segment) =>
      (segment.marker === 0xe0 && startsWith(segment, [0x4a, 0x46, 0x49, 0x46])) ||
      // libjpeg passes over Adobe markers that are shorter than the 12 bytes they should have.
      (segment.marker === 0xee && segment.length >= 12 && startsWith(segment, ADOBE)),
  );
  if (marked) return bytes;
  // APP14, length 14, "Adobe", version 100, two flag words, transform 0 (no transform).
  const adobe = [0xff, 0xee, 0, 14, ...ADOBE, 0, 100, 0, 0, 0, 0, 0];
  const out = new Uint8Array(bytes.length + adobe.length);
  out.set(bytes.subarray(0, 2));
  out.set(adobe, 2);
  out.set(bytes.subarray(2), 2 + adobe.length);
  return out;
}
