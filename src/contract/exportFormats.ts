/** What a session can be exported as. On its own, so that the window has the list without the schemas. */
export const exportFormats = ['seg', 'nifti', 'trace', 'overlay'] as const;
export type ExportFormat = (typeof exportFormats)[number];
