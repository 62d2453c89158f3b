import type { SlicePlane } from '../../domain/plane.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { ImageInfo, SourceKind } from '../../domain/study.js';

/** One stored image of the source, as the library knows it. */
export interface SourceImage {
  /** The file to read the source header of; not read when the source is not DICOM. */
  readonly file: string;
  /** Frames in that file. */
  readonly frameCount: number;
  readonly info: ImageInfo;
}

/**
 * The grid that a mask belongs to. A loose image (its series forms no volume) is a grid of one slice:
 * `images` then holds it alone and `sliceIndex` is 0.
 */
export interface ExportSource {
  readonly kind: SourceKind;
  readonly geometry: VolumeGeometry;
  /** One per k of the grid, ascending. */
  readonly images: readonly SourceImage[];
  /** How the mask's slice lies in the grid. */
  readonly plane: SlicePlane;
  readonly sliceIndex: number;
}

/** The grid that a whole segmentation belongs to, with the stored image of each slice k. */
export type VolumeSource = Pick<ExportSource, 'kind' | 'geometry' | 'images'>;

/** Who writes: goes into headers. */
export interface Software {
  readonly name: string;
  readonly version: string;
}

/** Stands in every export. */
export const RESEARCH_NOTICE = 'For research use only, not for diagnosis';
