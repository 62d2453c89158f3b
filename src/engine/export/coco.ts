import { forEachPixel } from '../../domain/packedBits.js';
import type { PackedMask } from '../../domain/mask.js';
import type { SegmentationData } from '../../domain/segmentation.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Software, VolumeSource } from './types.js';

/** Lengths of runs down the columns, beginning with one of pixels that do not belong, as COCO counts them. */
export function countRuns(mask: PackedMask): readonly number[] {
  const { width, height } = mask;
  const places: number[] = [];
  forEachPixel(mask, (column, row) => places.push(column * height + row));
  places.sort((a, b) => a - b);
  const runs: number[] = [];
  let end = 0; // of the last run that belongs
  for (const [n, place] of places.entries()) {
    if (n > 0 && place === end) runs[runs.length - 1] = (runs.at(-1) ?? 0) + 1;
    else runs.push(place - end, 1);
    end = place + 1;
  }
  if (end < width * height) runs.push(width * height - end);
  return runs;
}

/**
 * Runs as pycocotools writes them (rleToString of its maskApi): from the fourth on as the difference to the one before
 * the last, five bits a letter from '0' on, the lowest first, the sixth bit saying that more follow.
 */
export function compressRuns(runs: readonly number[]): string {
  let text = '';
  for (const [n, run] of runs.entries()) {
    let rest = n > 2 ? run - (runs[n - 2] ?? 0) : run;
    for (let hasMore = true; hasMore;) {
      const low = rest & 0x1f;
      rest >>= 5;
      hasMore = (low & 0x10) === 0 ? rest !== 0 : rest !== -1;
      text += String.fromCharCode(48 + (low | (hasMore ? 0x20 : 0)));
    }
  }
  return text;
}

/** What a slice is called: the instance (and frame) that it is, or the file and the slice in it. */
const nameSlice = (source: VolumeSource, sourceName: string, k: number): string => {
  const image = source.images[k];
  if (image === undefined || image.info.sopInstanceUID === '') return `${sourceName}#${String(k)}`;
  const { sopInstanceUID, frameNumber } = image.info;
  return image.frameCount > 1 ? `${sopInstanceUID}#${String(frameNumber)}` : sopInstanceUID;
};

/**
 * COCO annotations of each slice as stored (columns along i, rows along j), one for each segment on it, as RLE. All
 * slices are listed, those without annotations too; an image's id is k + 1.
 */
export function encodeCoco(
  data: SegmentationData,
  source: VolumeSource,
  sourceName: string,
  software: Software,
): string {
  const [width, height, count] = data.geometry.dimensions;
  const annotations = data.segments.flatMap(({ segment, slices }) =>
    [...slices]
      .sort(([a], [b]) => a - b)
      .flatMap(([k, mask]) => {
        const { bounds } = mask;
        if (bounds === null) return [];
        const runs = countRuns(mask);
        return [
          {
            image_id: k + 1,
            category_id: segment.segmentNumber,
            segmentation: { size: [height, width], counts: compressRuns(runs) },
            area: runs.reduce((sum, run, n) => (n % 2 === 1 ? sum + run : sum), 0),
            bbox: [
              bounds.left,
              bounds.top,
              bounds.right - bounds.left + 1,
              bounds.bottom - bounds.top + 1,
            ],
            iscrowd: 0,
          },
        ];
      }),
  );
  const images = Array.from({ length: count }, (_, k) => ({
    id: k + 1,
    file_name: nameSlice(source, sourceName, k),
    width,
    height,
  }));
  const categories = data.segments.map(({ segment }) => ({
    id: segment.segmentNumber,
    name: segment.segmentLabel,
    supercategory: segment.category.meaning,
  }));
  const info = {
    description: `${data.segmentationLabel}. ${RESEARCH_NOTICE}.`,
    version: `${software.name} ${software.version}`,
  };
  return `${JSON.stringify({
    info,
    images,
    annotations: annotations.map((annotation, n) => ({ id: n + 1, ...annotation })),
    categories,
  })}\n`;
}
