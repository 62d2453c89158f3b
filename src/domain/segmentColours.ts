/** Okabe and Ito's colours, which colour-blind readers can tell apart, without black: of new segments, in turn. */
export const segmentPalette = [
  '#e69f00',
  '#56b4e9',
  '#009e73',
  '#f0e442',
  '#0072b2',
  '#d55e00',
  '#cc79a7',
] as const;

/** A grey beside them, for what is to recede. */
export const quietColour = '#c0c6cc';
