/** Okabe and Ito's set, distinct for colour-blind readers; not the green and red of clicks. */
export const segmentColours = ['#56b4e9', '#e69f00', '#cc79a7', '#f0e442', '#0072b2'] as const;

export const clickColours = { include: '#3ddc84', exclude: '#ff5d5d' } as const;
/** Reference lines, by the plane they stand for. */
export const planeColours = {
  axial: '#e0698f',
  coronal: '#6fb06a',
  sagittal: '#d9b64c',
  unknown: '#9aa3ad',
} as const;
export const measurementColour = '#ffe08a';

/** '#rrggbb' -> three bytes; the first segment colour when it is none. */
export function rgbOf(hex: string): readonly [number, number, number] {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (match === null) return rgbOf(segmentColours[0]);
  const [red = 0, green = 0, blue = 0] = match.slice(1).map((part) => parseInt(part, 16));
  return [red, green, blue];
}
