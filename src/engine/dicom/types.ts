import type { VolumeGeometry } from '../../domain/geometry.js';
import type { ImageInfo, PixelType, SourceKind } from '../../domain/study.js';

/** A colour table of PALETTE COLOR, one entry an index from `first` on, already 8 bits an entry. */
export interface Palette {
  readonly first: number;
  readonly red: Uint8Array;
  readonly green: Uint8Array;
  readonly blue: Uint8Array;
}

/** A modality LUT (0028,3000): stored value `first + n` -> `values[n]`; beyond the ends the end values hold. */
export interface ModalityLut {
  readonly first: number;
  readonly values: Uint16Array;
}

/** How the pixels of one DICOM instance are stored: all that a decoder must know, and nothing of the patient. */
export interface PixelLayout {
  readonly transferSyntaxUID: string;
  readonly rows: number;
  readonly columns: number;
  readonly frameCount: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  readonly sampleKind: 'integer' | 'float';
  readonly photometric: string;
  readonly planarConfiguration: number;
  readonly palette: Palette | null;
  readonly modalityLut: ModalityLut | null;
  /** The pixel data are written as 16-bit words (OW), which matters to 8-bit pixels in big endian. */
  readonly words: boolean;
}

/** One frame of a DICOM file. `file` is the original, or its unpacked copy (zip member, deflated, gzip). */
export interface DicomFrameSource {
  readonly kind: 'dicom';
  readonly file: string;
  readonly layout: PixelLayout;
  /** Where the value of the pixel data element begins. */
  readonly pixelOffset: number;
  /** Bytes of the value; null for encapsulated pixel data (undefined length). */
  readonly pixelLength: number | null;
  readonly frameIndex: number; // zero-based in the file
}

/** A stretch of an uncompressed NIfTI file: one slice of one volume. */
export interface NiftiFrameSource {
  readonly kind: 'nifti';
  readonly file: string;
  readonly offset: number;
  readonly length: number; // bytes as stored
  readonly storedType: PixelType | 'int64' | 'uint64' | 'rgb24' | 'rgba32';
  readonly bigEndian: boolean;
}

export interface PlainFrameSource {
  readonly kind: 'png' | 'jpeg';
  readonly file: string;
}

export type FrameSource = DicomFrameSource | NiftiFrameSource | PlainFrameSource;

/** Values that may tell images at one position apart; null where the file says nothing. */
export interface PhaseKeys {
  readonly segment: number | null;
  readonly temporalPosition: number | null;
  readonly triggerMs: number | null;
  readonly echoMs: number | null;
  readonly bValue: number | null;
  readonly acquisitionNumber: number | null;
  readonly imageType: string;
}

export interface StoredFrame {
  readonly info: ImageInfo;
  readonly keys: PhaseKeys;
  readonly source: FrameSource;
  /** mm between slices as the file states it: SpacingBetweenSlices, else SliceThickness; null when unknown. */
  readonly sliceSpacingMm: number | null;
}

export interface PatientAndStudy {
  readonly studyInstanceUID: string;
  readonly patientName: string;
  readonly patientId: string;
  readonly patientBirthDate: string;
  readonly patientSex: string;
  readonly studyDate: string;
  readonly studyDescription: string;
  readonly accessionNumber: string;
}

export interface SeriesHeader {
  readonly seriesInstanceUID: string;
  readonly modality: string;
  readonly description: string;
  readonly seriesNumber: number | null;
  readonly bodyPart: string;
  readonly frameOfReferenceUID: string;
}

/** One opened DICOM file. */
export interface Instance {
  readonly instanceKey: string;
  readonly studyKey: string;
  readonly seriesKey: string;
  /** The file to read the whole header of: the original, or the member taken out of an archive. */
  readonly file: string;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly study: PatientAndStudy;
  readonly series: SeriesHeader;
  readonly sourceKind: SourceKind;
  readonly frames: readonly StoredFrame[];
  /** Volumes as the file itself lays them out (NIfTI, plain images); null: sorted out by position. */
  readonly preset: readonly BuiltVolume[] | null;
}

/** A volume before it is published: its frames in order, with what is to be told about them. */
export interface BuiltVolume {
  readonly phaseLabel: string;
  readonly frames: readonly StoredFrame[];
  readonly geometry: VolumeGeometry | null;
  readonly warnings: readonly string[];
}
