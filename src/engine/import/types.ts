import type { VolumeGeometry } from '../../domain/geometry.js';
import type { SegmentationData } from '../../domain/segmentation.js';
import type { ImageInfo } from '../../domain/study.js';

/** The volume that a segmentation is to be laid on. */
export interface SeriesGrid {
  readonly geometry: VolumeGeometry;
  readonly seriesInstanceUID: string; // '' when the series is not DICOM
  readonly frameOfReferenceUID: string; // '' when unknown
  /** One per k. */
  readonly images: readonly Pick<ImageInfo, 'sopInstanceUID' | 'frameNumber' | 'position'>[];
  /** Names (`nameImage`) of the images of the series' other volumes, where it has several: a heart's other phases. */
  readonly imagesOfOtherPhases?: ReadonlySet<string>;
}

/** A frame as DICOM refers to it. */
export const nameImage = ({
  sopInstanceUID,
  frameNumber,
}: Pick<ImageInfo, 'sopInstanceUID' | 'frameNumber'>): string =>
  `${sopInstanceUID}#${String(frameNumber)}`;

/** A segmentation on the grid of its series, and sentences on what of the file was left out. */
export interface ImportedSegmentation {
  readonly data: SegmentationData;
  readonly notes: readonly string[];
}
