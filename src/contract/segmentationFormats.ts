/** What a segmentation can be exported as. On its own, so that the window has the list without the schemas. */
export const segmentationFormats = [
  'seg',
  'labelmap-seg',
  'rtstruct',
  'nifti',
  'seg-nrrd',
  'stl',
  'png',
  'coco',
  'csv',
] as const;
export type SegmentationFormat = (typeof segmentationFormats)[number];
