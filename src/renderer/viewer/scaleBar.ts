export interface ScaleBar {
  readonly lengthPx: number;
  readonly label: string;
}

/** Longest of 1, 2, 5 x 10^n that fits in `maxPx`; mm from 1 cm on are told in cm. Null when nothing fits. */
export function computeScaleBar(
  pxPerUnit: number,
  maxPx: number,
  unit: 'mm' | 'px',
): ScaleBar | null {
  if (!(pxPerUnit > 0) || !(maxPx > 0)) return null;
  const longest = maxPx / pxPerUnit;
  const decade = 10 ** Math.floor(Math.log10(longest));
  const factor = [5, 2, 1].find((f) => f * decade <= longest * (1 + 1e-9)) ?? 1;
  const size = factor * decade;
  if (unit === 'px' && size < 1) return null;
  const label =
    unit === 'mm' && size >= 10
      ? `${String(size / 10)} cm`
      : `${size < 1 ? size.toPrecision(1) : String(size)} ${unit}`;
  return { lengthPx: size * pxPerUnit, label };
}
