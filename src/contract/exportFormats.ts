/** What a session can be exported as. On its own, so that the window has the list without the schemas. */
export const exportFormats = [
  'seg',
  'nifti',
  'trace',
  'overlay',
  'sharegpt',
  'trl',
  'verl',
] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Those that a user finds chosen: training data are for those who train. */
export const usualExportFormats = [
  'seg',
  'nifti',
  'trace',
  'overlay',
] as const satisfies readonly ExportFormat[];
