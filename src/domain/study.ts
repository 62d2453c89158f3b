import type { ImageId, SeriesId, StudyId } from './brand.js';
import type { Vec3, VolumeGeometry } from './geometry.js';

export type PixelType =
  'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';
/** Pixels of one of these types. */
export type PixelArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Window in modality units (HU after rescale): shown range is [centre - width / 2, centre + width / 2]. */
export interface IntensityWindow {
  readonly centre: number;
  readonly width: number;
}

/**
 * One displayable frame. The bytes at `dicom://local/frame/<imageId>` are decoded pixels, little endian,
 * row-major, [rows, columns, samplesPerPixel]: palette and YBR already RGB, modality LUTs already applied.
 */
export interface ImageInfo {
  readonly imageId: ImageId;
  readonly sopInstanceUID: string; // '' when the source is not DICOM
  readonly sopClassUID: string;
  readonly frameNumber: number; // one-based, as DICOM counts
  readonly instanceNumber: number;
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: 1 | 3;
  readonly pixelType: PixelType;
  readonly photometric: 'MONOCHROME1' | 'MONOCHROME2' | 'RGB';
  readonly rescaleSlope: number;
  readonly rescaleIntercept: number;
  readonly rescaleUnit: string; // 'HU' for CT, '' where unknown
  /** From the file's VOI; null where the file has none. */
  readonly window: IntensityWindow | null;
  /** Stored values in [first, last] are padding: no tissue. */
  readonly padding: { readonly first: number; readonly last: number } | null;
  /** LPS mm of the first pixel's centre and unit cosines of increasing column / row; null when unknown. */
  readonly position: Vec3 | null;
  readonly columnDirection: Vec3 | null; // direction in which the column index grows (DICOM's "row cosines")
  readonly rowDirection: Vec3 | null; // direction in which the row index grows
  /** mm between columns and between rows; null when unknown (then 1 is shown and no mm are claimed). */
  readonly spacingMm: { readonly column: number; readonly row: number } | null;
}

/** One regular grid (or loose stack) of a series: a cardiac phase, echo, b-value, time point, or all there is. */
export interface VolumeInfo {
  readonly phaseIndex: number;
  readonly phaseLabel: string; // 'trigger 120 ms', 'b 1000', ''
  /** Ordered along the normal, ascending; index in this list is k. */
  readonly images: readonly ImageInfo[];
  /** Null when the images do not form one grid (mixed sizes or orientations): then each is viewed alone. */
  readonly geometry: VolumeGeometry | null;
  /** Sentences to tell the user: gaps, duplicates, gantry tilt, mixed orientation. */
  readonly warnings: readonly string[];
}

export type SourceKind = 'dicom' | 'nifti' | 'image';

export interface SeriesSummary {
  readonly seriesId: SeriesId;
  readonly studyId: StudyId;
  readonly seriesInstanceUID: string;
  readonly sourceKind: SourceKind;
  readonly modality: string;
  readonly description: string;
  readonly seriesNumber: number | null;
  readonly bodyPart: string;
  readonly imageCount: number;
  readonly phaseCount: number;
  readonly rows: number;
  readonly columns: number;
}

export interface Series extends SeriesSummary {
  readonly volumes: readonly VolumeInfo[];
  readonly frameOfReferenceUID: string;
}

export interface StudySummary {
  readonly studyId: StudyId;
  readonly studyInstanceUID: string;
  readonly patientName: string; // 'Doe^Jane' as stored; the UI formats it
  readonly patientId: string;
  readonly patientBirthDate: string;
  readonly patientSex: string;
  readonly studyDate: string; // YYYYMMDD or ''
  readonly studyDescription: string;
  readonly accessionNumber: string;
  readonly modalities: readonly string[];
  readonly series: readonly SeriesSummary[];
}

/** A file that was not opened, with a code and a sentence the user can act on. */
export interface Refusal {
  readonly fileName: string; // base name for display; never logged
  readonly code: string;
  readonly reason: string;
}

/** A file about images that is none itself (SEG, RTSTRUCT, SR, NRRD): found where images were opened, to be laid on them. */
export interface DerivedFile {
  /** What an import reads: the file, or its copy where it lay in an archive. */
  readonly path: string;
  readonly fileName: string; // base name for display; never logged
  readonly kind: 'segmentation' | 'measurements';
  /** UIDs of the series that it was made on; [] where it does not say. */
  readonly seriesInstanceUIDs: readonly string[];
}

/** A decoded volume in the engine: modality values (after rescale), i fastest, then j, then k. */
export interface Volume {
  readonly geometry: VolumeGeometry;
  readonly samplesPerPixel: 1 | 3;
  /** [k, j, i] (gray) or [k, j, i, 3] (colour, uint8). */
  readonly data: PixelArray;
  readonly photometric: 'MONOCHROME1' | 'MONOCHROME2' | 'RGB';
  /** The file's VOI window, or null. */
  readonly window: IntensityWindow | null;
  /** Modality value that stands for "no tissue", or null. */
  readonly paddingRange: { readonly first: number; readonly last: number } | null;
}
