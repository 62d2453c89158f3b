import type { SeriesId, SegmentationId } from './brand.js';
import type { Vec3, VolumeGeometry } from './geometry.js';
import type { PackedMask } from './mask.js';

/** What happens where a segment is drawn over another one. 'allow': both keep the voxel. */
export const overlapPolicies = ['allow', 'overwrite-all', 'overwrite-visible'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** A coded concept of SNOMED CT (SCT), DICOM (DCM) or, in imported files, of any other scheme. */
export interface CodedConcept {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

/** Who drew it, as DICOM's Segment Algorithm Type asks. */
export type SegmentSource = 'manual' | 'semiautomatic' | 'automatic';

/** One target of a segmentation: what it is and how it is shown. Its voxels are `SegmentSlices`. */
export interface Segment {
  readonly segmentNumber: number; // from 1, unique in its segmentation; never given twice
  readonly segmentLabel: string; // 1 to 64 characters, as DICOM's LO allows
  readonly category: CodedConcept;
  readonly type: CodedConcept;
  readonly modifier: CodedConcept | null; // laterality of a paired structure
  readonly colour: string; // '#rrggbb'
  readonly opacity: number; // 0 to 1
  readonly visible: boolean;
  /** A locked segment is neither edited nor overwritten. */
  readonly locked: boolean;
  readonly source: SegmentSource;
}

/**
 * Voxels of one segment, sparse: the mask of each voxel slice k that has any, as stored (width along i, height along
 * j, no flip: not the display's orientation).
 */
export type SegmentSlices = ReadonlyMap<number, PackedMask>;

/** Named sets of voxels over one volume of a series; segments may overlap. */
export interface Segmentation {
  readonly segmentationId: SegmentationId;
  readonly seriesId: SeriesId;
  readonly seriesInstanceUID: string;
  readonly phaseIndex: number;
  readonly segmentationLabel: string;
  readonly dimensions: Vec3; // voxels along i, j, k
  readonly overlap: OverlapPolicy;
  /** In the order of the list on screen. */
  readonly segments: readonly Segment[];
  /** Grows with each change, undo and redo. */
  readonly revision: number;
  /** What undo and redo would do, in words ('Brush on Liver, slice 12'); null: nothing. */
  readonly undoLabel: string | null;
  readonly redoLabel: string | null;
  /** How many acts undo can take back. */
  readonly undoCount: number;
  readonly createdAt: string; // ISO 8601, UTC
  readonly updatedAt: string;
}

/** A whole segmentation apart from any store: what importers read and exporters write. */
export interface SegmentationData {
  readonly segmentationLabel: string;
  readonly geometry: VolumeGeometry;
  readonly segments: readonly {
    readonly segment: Segment;
    readonly slices: SegmentSlices;
  }[];
}
