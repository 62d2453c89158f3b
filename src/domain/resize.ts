/** Interleaved 8-bit pixels, row-major. */
export interface ByteImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array; // uint8 [height, width, channels]
}

// Pillow's fixed point for 8-bit images: 32 bits less 8 for the pixel and 2 for headroom (Resample.c).
const PRECISION = 2 ** 22;

/** Which input pixels an output pixel is made of, and their fixed-point weights. */
interface Taps {
  readonly first: Int32Array; // [out]
  readonly count: Int32Array; // [out]
  readonly weights: Int32Array; // [out, stride]
  readonly stride: number;
}

function computeBilinearTaps(inSize: number, outSize: number): Taps {
  const scale = inSize / outSize;
  const support = Math.max(scale, 1); // widens when shrinking: that is the antialiasing
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weights = new Int32Array(outSize * stride);
  for (let out = 0; out < outSize; out++) {
    const centre = (out + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(inSize, Math.trunc(centre + support + 0.5));
    const raw = Array.from({ length: to - from }, (_, t) =>
      Math.max(0, 1 - Math.abs((t + from - centre + 0.5) * (1 / support))),
    );
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    first[out] = from;
    count[out] = raw.length;
    raw.forEach((weight, t) => {
      weights[out * stride + t] = Math.trunc((weight / total) * PRECISION + 0.5);
    });
  }
  return { first, count, weights, stride };
}

/**
 * One pass of the separable filter over lines of `lineCount` along an axis; `step` is the distance between
 * neighbours along it and `lineStart(line)` the first element of a line, both in elements.
 */
function filterLines(
  source: Uint8Array,
  target: Uint8Array,
  taps: Taps,
  lines: {
    readonly count: number;
    readonly sourceStart: (line: number) => number;
    readonly targetStart: (line: number) => number;
    readonly step: number;
  },
): void {
  const { first, count, weights, stride } = taps;
  for (let line = 0; line < lines.count; line++) {
    const sourceStart = lines.sourceStart(line);
    const targetStart = lines.targetStart(line);
    for (let out = 0; out < first.length; out++) {
      let sum = PRECISION / 2;
      let at = sourceStart + (first[out] ?? 0) * lines.step;
      const end = out * stride + (count[out] ?? 0);
      for (let t = out * stride; t < end; t++, at += lines.step)
        sum += (weights[t] ?? 0) * (source[at] ?? 0);
      target[targetStart + out * lines.step] = Math.min(255, Math.floor(sum / PRECISION));
    }
  }
}

/**
 * Pillow's `Image.resize(size, BILINEAR)` bit for bit: antialiased, 22-bit fixed point, columns first, 8-bit
 * rounding between the passes. Both models were trained on pixels resized by it. Stretches to the size.
 */
export function resizeBilinear(image: ByteImage, width: number, height: number): ByteImage {
  const { channels } = image;
  let data = image.data;
  if (width !== image.width) {
    const narrowed = new Uint8Array(width * image.height * channels);
    filterLines(data, narrowed, computeBilinearTaps(image.width, width), {
      count: image.height * channels,
      sourceStart: (line) =>
        Math.floor(line / channels) * image.width * channels + (line % channels),
      targetStart: (line) => Math.floor(line / channels) * width * channels + (line % channels),
      step: channels,
    });
    data = narrowed;
  }
  if (height !== image.height) {
    const shortened = new Uint8Array(width * height * channels);
    filterLines(data, shortened, computeBilinearTaps(image.height, height), {
      count: width * channels,
      sourceStart: (line) => line,
      targetStart: (line) => line,
      step: width * channels,
    });
    data = shortened;
  }
  return { width, height, channels, data: data === image.data ? data.slice() : data };
}
