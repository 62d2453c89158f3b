import { canvasMapOf } from './canvasMap.js';
import type { CanvasMap, CanvasPoint } from './canvasMap.js';
import { CoreEvents, ViewportType } from './cornerstone.js';
import type { Point2, Point3, RenderingEngine, StackViewport } from './cornerstone.js';
import { seriesKeyOf } from './ibisImages.js';
import { parseSliceImageId, sliceImageId } from './sliceImageId.js';
import type { PlacedSlice, SeriesSource } from './seriesSource.js';
import { pixelToDisplayWorld } from './slicePlacement.js';
import type { SlicePosition } from './viewerApi.js';
import type { IntensityWindow } from '../../domain/study.js';

/** One viewport: shows one slice of one cut. It knows nothing of sessions, tools or the other panes. */
export interface Pane {
  readonly paneId: string;
  readonly element: HTMLDivElement;
  /**
   * Resolves when the image is set, could not be read, or was overtaken by a newer call. `fit` forgets zoom and
   * pan.
   */
  show(source: SeriesSource, position: SlicePosition, fit: boolean): Promise<void>;
  /** Black: nothing of a series may stay on screen after it. */
  clear(): void;
  /** What was asked for last, if it could not be read. */
  getUnreadable(): SlicePosition | null;
  setLook(window: IntensityWindow, inverted: boolean): void;
  /** What is on screen now, which may be older than what was asked for last. */
  getShown(): PlacedSlice | null;
  getShownRange(): { readonly minimum: number; readonly maximum: number } | null;
  getPixels(): Float32Array | Uint8Array | null;
  getShownImageId(): string | null;
  /** Whether a slice image is on screen, by whichever axis it is named: 'acquired' and 'axial' may be one. */
  shows(imageId: string): boolean;
  getMap(): CanvasMap | null;
  worldToPane(point: Point3): CanvasPoint;
  /** Directions (LPS) of the pane's right and bottom edges. */
  getScreenDirections(): { readonly right: Point3; readonly down: Point3 } | null;
  resetCamera(): void;
  /** Call before a change of size; the result puts zoom and pan back relative to the new fit. */
  keepView(): () => void;
  redraw(): void;
  dispose(): void;
}

export function createPane(options: {
  readonly engine: RenderingEngine;
  readonly paneId: string;
  readonly element: HTMLDivElement;
  readonly onDrawn: () => void;
}): Pane {
  const { engine, paneId, element } = options;
  engine.enableElement({
    viewportId: paneId,
    type: ViewportType.STACK,
    element,
    defaultOptions: { background: [0, 0, 0] },
  });
  const viewport = engine.getViewport<StackViewport>(paneId);
  const onRendered = (): void => {
    if (getShown() !== null) viewport.canvas.style.visibility = 'visible';
    options.onDrawn();
  };
  element.addEventListener(CoreEvents.IMAGE_RENDERED, onRendered);

  let source: SeriesSource | null = null;
  let stackKey = '';
  let latest = 0;
  let unreadable: SlicePosition | null = null;
  let look: { window: IntensityWindow; inverted: boolean } | null = null;

  const shownImage = () => (stackKey === '' ? undefined : viewport.getCornerstoneImage());

  const getShown = (): PlacedSlice | null => {
    const image = shownImage();
    const parsed = image === undefined ? null : parseSliceImageId(image.imageId);
    if (parsed === null || source === null || parsed.seriesKey !== seriesKeyOf(source)) return null;
    return source.place(parsed.position);
  };

  const shows = (imageId: string): boolean => {
    const shown = getShown();
    const parsed = parseSliceImageId(imageId);
    if (shown === null || source === null || parsed?.seriesKey !== seriesKeyOf(source))
      return false;
    const { phaseIndex, sliceIndex } = parsed.position;
    if (phaseIndex !== shown.position.phaseIndex || sliceIndex !== shown.position.sliceIndex)
      return false;
    return source.place(parsed.position)?.cut.plane.normalAxis === shown.cut.plane.normalAxis;
  };
  // Cornerstone would draw a measurement under the one name alone that its image had when it was drawn.
  viewport.isReferenceViewable = ({ referencedImageId }) => shows(referencedImageId ?? '');

  const applyLook = (): void => {
    const image = shownImage();
    if (look === null || image === undefined) return;
    const { centre, width } = look.window;
    viewport.setProperties({
      voiRange: { lower: centre - width / 2, upper: centre + width / 2 },
      // MONOCHROME1 stores white as low; the reader's inversion turns what is shown.
      invert: (image.photometricInterpretation === 'MONOCHROME1') !== look.inverted,
    });
  };

  return {
    paneId,
    element,
    async show(newSource, position, fit) {
      const call = ++latest;
      unreadable = null;
      // The frame first: Cornerstone leaves a rejection unhandled where an image fails.
      const isReady = await newSource.loadSlice(position).then(
        () => true,
        () => false,
      );
      if (call !== latest) return;
      if (!isReady) {
        unreadable = position;
        options.onDrawn();
        return;
      }
      const key = `${seriesKeyOf(newSource)}/${String(position.phaseIndex)}/${position.axis}`;
      if (source !== newSource || key !== stackKey) {
        const count = newSource.place(position)?.cut.sliceCount ?? 0;
        const ids = Array.from({ length: count }, (_, sliceIndex) =>
          sliceImageId(seriesKeyOf(newSource), { ...position, sliceIndex }),
        );
        if (ids.length === 0) return;
        source = newSource;
        stackKey = key;
        await viewport.setStack(ids, position.sliceIndex);
        if (call !== latest) return;
        if (fit) viewport.resetCamera();
        applyLook();
        viewport.render();
        return;
      }
      await viewport.setImageIdIndex(position.sliceIndex);
    },
    clear() {
      latest++;
      unreadable = null;
      source = null;
      stackKey = '';
      viewport.canvas.style.visibility = 'hidden'; // until an image of the next series is drawn
    },
    getUnreadable: () => unreadable,
    setLook(window, inverted) {
      look = { window, inverted };
      applyLook();
      if (shownImage() !== undefined) viewport.render();
    },
    getShown,
    getShownRange() {
      const image = shownImage();
      return image === undefined
        ? null
        : { minimum: image.minPixelValue, maximum: image.maxPixelValue };
    },
    getPixels() {
      const data = shownImage()?.getPixelData();
      return data instanceof Float32Array || data instanceof Uint8Array ? data : null;
    },
    getShownImageId: () => shownImage()?.imageId ?? null,
    shows,
    getMap() {
      const shown = getShown();
      if (shown === null) return null;
      const { width, height } = shown.cut.plane;
      const at = (column: number, row: number): CanvasPoint => {
        const [x, y]: Point2 = viewport.worldToCanvas([
          ...pixelToDisplayWorld(shown.placement, { column, row }),
        ]);
        return { x, y };
      };
      return canvasMapOf(at(0, 0), at(width, 0), at(0, height), width, height);
    },
    getScreenDirections() {
      if (shownImage() === undefined) return null;
      const { viewUp, viewPlaneNormal } = viewport.getCamera();
      if (viewUp === undefined || viewPlaneNormal === undefined) return null;
      const [ux, uy, uz] = viewUp;
      const [nx, ny, nz] = viewPlaneNormal; // towards the reader
      return {
        right: [uy * nz - uz * ny, uz * nx - ux * nz, ux * ny - uy * nx],
        down: [-ux, -uy, -uz],
      };
    },
    resetCamera() {
      viewport.resetCamera();
      viewport.render();
    },
    keepView() {
      if (shownImage() === undefined) return () => undefined;
      const presentation = viewport.getViewPresentation();
      return () => {
        viewport.resetCamera();
        viewport.setViewPresentation(presentation);
        viewport.render();
      };
    },
    worldToPane(point) {
      const [x, y] = viewport.worldToCanvas(point);
      return { x, y };
    },
    redraw() {
      const image = shownImage();
      if (image === undefined) return;
      viewport.renderImageObject(image);
      viewport.render();
    },
    dispose() {
      latest++;
      element.removeEventListener(CoreEvents.IMAGE_RENDERED, onRendered);
      engine.disableElement(paneId);
    },
  };
}
