import path from 'node:path';

import { IbisError } from '../contract/errors.js';
import type { SegmentationFileResults } from '../contract/segmentationFileChannels.js';
import type { SegmentationId } from '../domain/brand.js';
import type { SegmentStatistics } from '../domain/segmentStatistics.js';
import type { ImageInfo, Series } from '../domain/study.js';
import type { Library } from './dicom/index.js';
import type { DeidentificationOfExports } from './deidentification.js';
import type { EngineHandlers } from './dispatch.js';
import { exportSegmentation } from './export/exportSegmentation.js';
import type { SourceImage, VolumeSource } from './export/types.js';
import { loadSegmentation, nameImage } from './import/index.js';
import type { SeriesGrid } from './import/index.js';
import { getGrid } from './segmentations/grid.js';
import type { Segmentations } from './segmentations/index.js';
import type { SliceSource } from './slices.js';
import type { Studies } from './studies.js';

type FileHandlers = Pick<EngineHandlers, keyof SegmentationFileResults>;

const requireWholePath = (place: string, what: string): void => {
  if (!path.isAbsolute(place))
    throw new IbisError('usage', `The ${what} must be given by its whole path.`);
};

const imagesOf = (series: Series, phaseIndex: number): readonly ImageInfo[] =>
  series.volumes[phaseIndex]?.images ?? [];

/** As an importer sees one volume of a series. */
function describeGrid(series: Series, phaseIndex: number): SeriesGrid {
  const images = imagesOf(series, phaseIndex);
  const own = new Set(images.map(nameImage));
  const others = series.volumes.flatMap((volume) => volume.images.map(nameImage));
  return {
    geometry: getGrid(series, phaseIndex),
    seriesInstanceUID: series.sourceKind === 'dicom' ? series.seriesInstanceUID : '',
    frameOfReferenceUID: series.frameOfReferenceUID,
    images,
    imagesOfOtherPhases: new Set(others.filter((name) => !own.has(name))),
  };
}

/** As an exporter sees it: with the file of each image. */
function describeSource(library: Library, series: Series, phaseIndex: number): VolumeSource {
  const infos = imagesOf(series, phaseIndex);
  const files = library.getInstances(series.seriesId, phaseIndex);
  if (files.length !== infos.length)
    throw new IbisError('no-series', 'The files of this series have changed. Open it again.');
  const images = infos.flatMap((info, k): SourceImage[] => {
    const from = files[k];
    return from === undefined ? [] : [{ file: from.file, frameCount: from.frameCount, info }];
  });
  return { kind: series.sourceKind, geometry: getGrid(series, phaseIndex), images };
}

/** A file's name, or one for a DICOM series that tells nothing of the patient. */
const nameSource = ({ sourceKind, description, seriesNumber }: Series): string =>
  sourceKind === 'dicom' ? `series-${String(seriesNumber ?? 1)}` : description;

/** Reads segmentations out of files, and writes them. */
export function createSegmentationFiles(options: {
  readonly segmentations: Segmentations;
  readonly studies: Studies;
  readonly library: Library;
  readonly slices: SliceSource;
  readonly deidentification: DeidentificationOfExports;
  readonly measure: (
    segmentationId: SegmentationId,
    segmentNumber: number,
  ) => Promise<SegmentStatistics>;
  readonly version: string;
}): FileHandlers {
  const { segmentations, studies, library, slices, deidentification, measure, version } = options;
  return {
    importSegmentation: async ({ seriesId, phaseIndex, path: place }) => {
      requireWholePath(place, 'file');
      const grid = describeGrid(studies.getSeries(seriesId), phaseIndex);
      const { data, notes } = await loadSegmentation(place, grid);
      if (data.segments.length === 0)
        throw new IbisError('empty-mask', 'The file holds no segment: there is nothing to import.');
      const segmentation = segmentations.importData(
        { seriesId, phaseIndex },
        data,
        `Import of ${path.basename(place)}`,
      );
      return { segmentation, notes };
    },
    exportSegmentation: async ({ segmentationId, formats, outDir, deidentify }) => {
      requireWholePath(outDir, 'export folder');
      // One moment of it: what is edited meanwhile is not exported by halves.
      const { segmentation } = segmentations.get(segmentationId);
      const data = segmentations.getData(segmentationId);
      const { seriesId, phaseIndex } = segmentation;
      const series = studies.getSeries(seriesId);
      const { files, notes, folder } = await exportSegmentation(
        {
          data,
          source: describeSource(library, series, phaseIndex),
          sourceName: nameSource(series),
          measure: (segmentNumber) => measure(segmentationId, segmentNumber),
          drawSlice: async (sliceIndex) => {
            const window = null;
            const slice = { seriesId, phaseIndex, axis: 'acquired', sliceIndex, window } as const;
            const { image, plane } = await slices.prepare(slice);
            return { ...image, pixelSpacingMm: plane.pixelSpacingMm };
          },
          software: { name: 'Ibis', version },
          now: new Date(),
          deidentifier: deidentification.choose(deidentify),
        },
        formats,
        outDir,
      );
      const moved =
        folder === outDir || files.length === 0
          ? []
          : [`The folder held an export already: this one lies in "${path.basename(folder)}".`];
      return { files, notes: [...notes, ...moved] };
    },
  };
}
