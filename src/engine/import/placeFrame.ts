import type { IbisErrorShape } from '../../contract/errors.js';
import { cross, length, normalise, subtract } from '../../domain/geometry.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import { err, ok } from '../../domain/result.js';
import type { Result } from '../../domain/result.js';
import type { ImageInfo } from '../../domain/study.js';
import { fitToSeries } from './fitToSeries.js';
import type { GridFit } from './fitToSeries.js';
import type { FrameReference } from './segHeader.js';
import { nameImage } from './types.js';
import type { SeriesGrid } from './types.js';

type FramePlane = Pick<
  ImageInfo,
  'rows' | 'columns' | 'position' | 'columnDirection' | 'rowDirection' | 'spacingMm'
>;

/** Beyond this, two positions are those of two images. */
const SAME_PLACE_MM = 0.01;

const onSlice = (k: number): GridFit => ({
  isSame: false,
  axes: [0, 1, 2],
  steps: [1, 1, 1],
  offset: [0, 0, k],
});

/** A frame that says where it lies -> a grid of one slice; null where it does not. */
function geometryOfFrame(frame: FramePlane): VolumeGeometry | null {
  const { position, columnDirection, rowDirection, spacingMm } = frame;
  if (position === null || columnDirection === null || rowDirection === null) return null;
  if (spacingMm === null) return null;
  return {
    dimensions: [frame.columns, frame.rows, 1],
    spacingMm: [spacingMm.column, spacingMm.row, 1],
    origin: position,
    direction: [columnDirection, rowDirection, normalise(cross(columnDirection, rowDirection))],
    orientationKnown: true,
  };
}

/**
 * The slice of the image that the frame names as its source, where the frame lies on it pixel for pixel: right also in
 * series whose slices are not equally spaced, and the only way where images have no position.
 */
function findNamedSlice(
  frame: FramePlane,
  source: FrameReference | null,
  series: SeriesGrid,
): number | null {
  const { geometry, images } = series;
  if (source === null) return null;
  if (frame.columns !== geometry.dimensions[0] || frame.rows !== geometry.dimensions[1])
    return null;
  const k = images.findIndex(
    (image) =>
      image.sopInstanceUID === source.sopInstanceUID && image.frameNumber === source.frameNumber,
  );
  const image = images[k];
  if (image === undefined) return null;
  if (frame.position === null) return image.position === null ? k : null;
  if (image.position === null) return null;
  if (length(subtract(frame.position, image.position)) > SAME_PLACE_MM) return null;
  const own = geometryOfFrame(frame);
  if (own === null) return null;
  // Same corner; the directions and sizes are held against the grid as if that slice were its first.
  const fit = fitToSeries(own, { ...geometry, origin: image.position, orientationKnown: true });
  if (!fit.ok) return null;
  const { axes, steps } = fit.value;
  return axes.every((axis, n) => axis === n) && steps[0] === 1 && steps[1] === 1 ? k : null;
}

/** How one frame of a segmentation lies in the series. */
export function placeFrame(
  frame: FramePlane,
  source: FrameReference | null,
  series: SeriesGrid,
  sharesFrameOfReference: boolean,
): Result<GridFit, IbisErrorShape> {
  const named = findNamedSlice(frame, source, series);
  if (named !== null) return ok(onSlice(named));
  // Its place would fit: the phases of a heart lie on each other.
  if (source !== null && series.imagesOfOtherPhases?.has(nameImage(source)) === true)
    return err({
      code: 'does-not-fit',
      message:
        'The segmentation was made on another phase of this series. Choose that phase, then import it.',
    });
  if (!sharesFrameOfReference)
    return err({
      code: 'does-not-fit',
      message:
        'The segmentation belongs to another frame of reference: it was made on images that do not share their place with this series.',
    });
  const own = geometryOfFrame(frame);
  if (own === null)
    return err({
      code: 'does-not-fit',
      message:
        'The segmentation does not say where it lies and does not name the images of this series.',
    });
  return fitToSeries(own, series.geometry);
}
