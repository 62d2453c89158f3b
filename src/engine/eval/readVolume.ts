import { IbisError } from '../../contract/errors.js';
import { createLibrary, openPaths } from '../dicom/index.js';
import type { ReadVolume } from './loadCases.js';

/** Reads a plain image or a NIfTI file as the app does; one file at a time. Close it when done. */
export function createVolumeReader(cacheDir: string): {
  readonly readVolume: ReadVolume;
  readonly close: () => Promise<void>;
} {
  const library = createLibrary({ cacheDir });
  return {
    readVolume: async (file, signal) => {
      const { studies, refused } = await openPaths([file], { library, signal });
      signal.throwIfAborted();
      const study = studies[0];
      const series = study?.series[0];
      if (study === undefined || series === undefined) {
        const refusal = refused[0];
        throw new IbisError(
          'broken-file',
          refusal === undefined
            ? 'The file holds no image.'
            : `"${refusal.fileName}" was not read. ${refusal.reason}`,
        );
      }
      const loaded = await library.loadVolume(series.seriesId, 0, { signal });
      library.closeStudy(study.studyId);
      if (!loaded.ok) throw new IbisError(loaded.error.code, loaded.error.message);
      return loaded.value;
    },
    close: () => library.close(),
  };
}
