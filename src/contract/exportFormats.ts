/** Those that a user finds chosen: training data are for those who train. */
export const usualExportFormats = ['seg', 'nifti', 'trace', 'overlay'] as const;

/** What a session can be exported as. On its own, so that the window has the list without the schemas. */
export const exportFormats = [...usualExportFormats, 'sharegpt', 'trl', 'verl'] as const;
export type ExportFormat = (typeof exportFormats)[number];
