import dcmjs from 'dcmjs';

/** '#rrggbb' -> red, green, blue of 0 to 255. */
export const parseColour = (colour: string): readonly [number, number, number] => [
  Number.parseInt(colour.slice(1, 3), 16),
  Number.parseInt(colour.slice(3, 5), 16),
  Number.parseInt(colour.slice(5, 7), 16),
];

/** Red, green, blue of 0 to 255 -> '#rrggbb'; what lies outside is brought to the nearest end. */
export const formatColour = (rgb: readonly number[]): string =>
  `#${[0, 1, 2]
    .map((n) => Math.max(0, Math.min(255, Math.round(rgb[n] ?? 0))))
    .map((value) => value.toString(16).padStart(2, '0'))
    .join('')}`;

/**
 * Recommended Display CIELab Value: L*, a*, b* in 16 bits. With the white point D65, as dcmqi, 3D Slicer and OHIF have
 * it, although PS3.3 C.10.7.1.1 means D50: a colour is to look alike in them.
 */
export const colourToCieLab = (colour: string): readonly number[] =>
  dcmjs.data.Colors.rgb2DICOMLAB(parseColour(colour).map((value) => value / 255)).map(Math.round);

export const cieLabToColour = (lab: readonly number[]): string =>
  formatColour(dcmjs.data.Colors.dicomlab2RGB(lab).map((value) => value * 255));
