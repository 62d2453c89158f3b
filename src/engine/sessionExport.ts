import path from 'node:path';

import { IbisError } from '../contract/errors.js';
import type { PolicyManifest } from '../contract/manifest.js';
import { IBIS_OVERLAY } from '../domain/overlay.js';
import type { SessionSettings } from '../domain/session.js';
import { renderObservation } from './agent/observation.js';
import type { SliceImage } from './agent/types.js';
import type { Library } from './dicom/index.js';
import type { DeidentificationOfExports } from './deidentification.js';
import type { EngineHandlers } from './dispatch.js';
import { findFreeFolder, holdsTrace, removeEarlierExport } from './export/exportFolder.js';
import { exportSession } from './export/index.js';
import type { ExportSource, SourceImage } from './export/index.js';
import type { Prompting } from './export/trainingForms.js';
import type { ModelPool } from './modelPool.js';
import type { PreparedSlice, SliceSource } from './slices.js';
import {
  getSession,
  getSessionModels,
  getSessionSource,
  listReviews,
  loadStepRecords,
} from './store/index.js';
import type { Store } from './store/index.js';
import type { Studies } from './studies.js';

type ObservationStyle = Pick<PolicyManifest['policy'], 'image' | 'overlay'>;

/** The slice at its own size: for sessions that no policy looked at. */
const describePlainStyle = ({ width, height }: SliceImage): ObservationStyle => ({
  image: { widthPx: width, heightPx: height, fit: 'stretch', resample: 'bilinear' },
  overlay: { rgb: [...IBIS_OVERLAY.rgb], alpha: IBIS_OVERLAY.alpha },
});

/** How the policy was shown its image. A session outlives its policy: without it, the images are plain, and noted so. */
async function getObservationStyle(
  models: ModelPool,
  policyId: string,
  slice: SliceImage,
): Promise<{
  readonly style: ObservationStyle;
  readonly prompting?: Prompting;
  readonly note: string | null;
}> {
  if (policyId === '') return { style: describePlainStyle(slice), note: null };
  try {
    const { policy } = await models.getPolicyManifest(policyId);
    return { style: policy, prompting: policy, note: null };
  } catch (thrown) {
    if (!(thrown instanceof IbisError)) throw thrown;
    const note = `The policy "${policyId}" cannot be used here: the trace's images have the slice's own size, not the one that it saw.`;
    return { style: describePlainStyle(slice), note };
  }
}

/** The grid and the files that the mask refers to. */
function describeSource(
  library: Library,
  settings: SessionSettings,
  slice: PreparedSlice,
): ExportSource {
  const { seriesId, phaseIndex, sliceIndex } = settings;
  const volume = slice.series.volumes[phaseIndex];
  const files = library.getInstances(seriesId, phaseIndex);
  if (volume === undefined || files.length !== volume.images.length)
    throw new IbisError('no-series', 'The files of this series have changed. Open it again.');
  const images = volume.images.flatMap((info, index): SourceImage[] => {
    const from = files[index];
    return from === undefined ? [] : [{ file: from.file, frameCount: from.frameCount, info }];
  });
  return {
    kind: slice.series.sourceKind,
    geometry: slice.geometry,
    images: volume.geometry === null ? images.slice(sliceIndex, sliceIndex + 1) : images,
    plane: slice.plane,
    sliceIndex: slice.sliceIndex,
  };
}

/** Writes a session's files; opens its study again where it is not open. */
export function createSessionExport(options: {
  readonly store: Store;
  readonly library: Library;
  readonly studies: Studies;
  readonly slices: SliceSource;
  readonly models: ModelPool;
  readonly deidentification: DeidentificationOfExports;
  readonly version: string;
}): EngineHandlers['exportSession'] {
  const { store, library, studies, slices, models, deidentification, version } = options;
  return async ({ sessionId, formats, outDir, replace, deidentify }) => {
    if (!path.isAbsolute(outDir))
      throw new IbisError('usage', 'The export folder must be given by its whole path.');
    const session = getSession(store, sessionId);
    const { settings } = session;
    await studies.reopen(getSessionSource(store, sessionId));
    const slice = await slices.prepare(settings);
    const { style, prompting, note } = await getObservationStyle(
      models,
      settings.policyId,
      slice.image,
    );
    const folder = replace ? outDir : findFreeFolder(outDir);
    const replacesExport = replace && holdsTrace(outDir);
    const { files, notes } = await exportSession(
      {
        session,
        steps: loadStepRecords(store, sessionId),
        models: getSessionModels(store, sessionId),
        reviews: listReviews(store, sessionId),
        source: describeSource(library, settings, slice),
        slice: slice.image,
        renderObservation: (mask) => renderObservation({ slice: slice.image, mask }, style),
        prompting,
        software: { name: 'Ibis', version },
        now: new Date(),
        deidentifier: deidentification.choose(deidentify),
      },
      formats,
      folder,
    );
    if (replacesExport) removeEarlierExport(outDir, files);
    return {
      files,
      notes: [
        ...notes,
        ...(note !== null && formats.includes('trace') ? [note] : []),
        ...(folder === outDir
          ? []
          : [`The folder held an export already: this one lies in "${path.basename(folder)}".`]),
      ],
    };
  };
}
