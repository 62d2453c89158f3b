/** What a segment measures, and the modality values (HU, ...) of the image under it. */
export interface SegmentStatistics {
  readonly segmentNumber: number;
  readonly voxelCount: number;
  /** Null where the images do not say how large their pixels are. */
  readonly volumeMl: number | null;
  /** Longest distance between the centres of two of its voxels; null for none, and where `volumeMl` is. */
  readonly longestAxisMm: number | null;
  /** Longest extent across that axis, and the extent across both; null where that is. */
  readonly acrossAxesMm: readonly [number, number] | null;
  /** Null for an empty segment and for colour images. */
  readonly values: {
    readonly mean: number;
    readonly deviation: number; // of all voxels, not of a sample
    readonly minimum: number;
    readonly maximum: number;
    readonly unit: string; // 'HU' for CT, '' where unknown
  } | null;
}
