import type { VoxelIndex } from '../../domain/geometry.js';
import { createDrafts } from './drafts.js';
import type { Drafts } from './drafts.js';
import { seriesKeyOf } from './ibisImages.js';
import { createMaskFlash } from './maskFlash.js';
import type { DescribeMeasurement } from './measurementLabels.js';
import type { Pane } from './pane.js';
import { drawPaneOverlay } from './paneOverlay.js';
import type { RangePreview } from './segmentHand.js';
import { createSegmentMarks } from './segmentMarks.js';
import type { SeriesSource } from './seriesSource.js';
import { createSessionMarks } from './sessionMarks.js';
import type { MarksLook } from './sessionMarks.js';
import type { SegmentLayer, SessionOverlay } from './viewerApi.js';
import { paneIds } from './viewerState.js';
import type { PaneId } from './viewerState.js';

/** A pane with the canvas that lies over its image. */
export interface OverlaidPane {
  readonly pane: Pane;
  readonly canvas: HTMLCanvasElement;
}

/** What is drawn over the images of all panes: segments, the session, what the user is drawing, the cross, measurements. */
export interface Overlays {
  readonly drafts: Drafts;
  setSession(overlay: SessionOverlay | null, look: MarksLook): void;
  setSegments(layer: SegmentLayer | null): void;
  setRangePreview(preview: RangePreview | null): void;
  draw(paneId: PaneId): void;
  drawAll(): void;
  stop(): void;
}

export function createOverlays(view: {
  readonly panes: ReadonlyMap<PaneId, OverlaidPane>;
  readonly source: () => SeriesSource | null;
  /** Where the panes cross, but for the last one, which scrolls by itself; null where there is nothing to cross. */
  readonly cross: () => VoxelIndex | null;
  readonly describeMeasurement: DescribeMeasurement;
  readonly onDrawn: (paneId: PaneId, pane: Pane) => void;
}): Overlays {
  const marks = createSessionMarks();
  const segmentMarks = createSegmentMarks();
  const flash = createMaskFlash(() => {
    schedule();
  });
  const drafts = createDrafts(() => {
    schedule();
  });
  let session: SessionOverlay | null = null;
  let rangePreview: RangePreview | null = null;
  let scheduled = 0;

  const draw = (paneId: PaneId): void => {
    const entry = view.panes.get(paneId);
    if (entry === undefined) return;
    const source = view.source();
    const voxel = view.cross();
    drawPaneOverlay(entry.canvas, entry.pane, {
      segmentsOn: (slice) => segmentMarks.on(slice),
      rangePreview,
      session: source === null ? null : marks.current(source),
      drafts: { list: drafts.list(), version: drafts.version() },
      maskOpacity: marks.getOpacity(),
      flash: flash.current(),
      cross:
        voxel === null
          ? null
          : {
              voxel,
              planes: [...view.panes].flatMap(([id, { pane }]) =>
                id === 'side3' ? [] : (pane.getShown()?.cut.plane ?? []),
              ),
            },
      seriesKey: source === null ? '' : seriesKeyOf(source),
      describeMeasurement: view.describeMeasurement,
    });
    view.onDrawn(paneId, entry.pane);
  };
  const drawAll = (): void => {
    paneIds.forEach(draw);
  };
  /** What changes many times in one frame is drawn once. */
  const schedule = (): void => {
    scheduled ||= requestAnimationFrame(() => {
      scheduled = 0;
      drawAll();
    });
  };

  /** Where the mask of one session changes in place; what the user has just painted is seen already. */
  const noteChange = (next: SessionOverlay | null, hidden: boolean): void => {
    if (session === null || next === null || session.sessionId !== next.sessionId || hidden)
      flash.stop();
    else if (!drafts.hasStrokes()) flash.show(session.mask, next.mask);
  };

  return {
    drafts,
    setSession(overlay, look) {
      if (overlay?.mask !== session?.mask) noteChange(overlay, look.hidden);
      session = overlay;
      marks.set(overlay, look);
      drawAll();
    },
    setSegments(layer) {
      segmentMarks.set(layer);
      drawAll();
    },
    setRangePreview(preview) {
      rangePreview = preview;
      schedule();
    },
    draw,
    drawAll,
    stop() {
      cancelAnimationFrame(scheduled);
      flash.stop();
    },
  };
}
