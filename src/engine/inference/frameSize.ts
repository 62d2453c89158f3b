interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size that an image (or a window of it) has in the square frame of a segmenter: its longer side fills it. */
export function frameSize({ width, height }: Size, framePx: number): Size {
  const scale = framePx / Math.max(width, height);
  return { width: Math.floor(width * scale + 0.5), height: Math.floor(height * scale + 0.5) };
}
