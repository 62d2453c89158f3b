import type { VoxelIndex } from '../../domain/geometry.js';
import { imageToVoxel } from '../../domain/plane.js';
import type { IntensityWindow, Series } from '../../domain/study.js';
import { CoreEvents, RenderingEngine, eventTarget } from './cornerstone.js';
import type { FrameStore } from './frameStore.js';
import { recutPartialImages } from './ibisImages.js';
import { createMeasuring } from './measuring.js';
import type { Measuring } from './measuring.js';
import { renderMeasurements } from './measurements.js';
import { createMountedPanes } from './mountedPanes.js';
import { createOpenedSeries } from './openedSeries.js';
import type { Pane } from './pane.js';
import { createOverlays } from './overlays.js';
import type { Overlays } from './overlays.js';
import type { PlacedSlice, SeriesSource } from './seriesSource.js';
import type { RangePreview } from './segmentHand.js';
import type { MarksLook } from './sessionMarks.js';
import type {
  CursorReading,
  DrawnMeasurement,
  LoadProgress,
  SegmentLayer,
  SessionOverlay,
  SlicePosition,
  ViewerLayout,
} from './viewerApi.js';
import {
  changeLayout,
  goTo,
  middleOf,
  normalAxisOf,
  positionOfPane,
  settle,
  withinVolume,
} from './stance.js';
import type { Stance } from './stance.js';
import { createViewerState, describePane, paneIds } from './viewerState.js';
import type { PaneId, ViewerState } from './viewerState.js';
import { computePercentileWindow, windowOfRange } from './windowing.js';

export const ENGINE_ID = 'ibis';
const REFRESH_MS = 200; // of progress, and of planes that are still filling

export interface ViewerEvents {
  readonly onSlice: (position: SlicePosition) => void;
  readonly onPhase: (phaseIndex: number) => void;
  readonly onWindow: (window: IntensityWindow) => void;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly onProblem: (sentence: string) => void;
  readonly onContextLost: () => void;
  readonly onMeasured: (drawn: DrawnMeasurement) => void;
  readonly onUnwanted: (measurementIds: readonly DrawnMeasurement['measurementId'][]) => void;
  /** The words of the measurements that are to be seen. */
  readonly onMeasurementWords: (words: readonly string[]) => void;
}

/** The panes and the one place they all show: a voxel of one phase, cut along the main pane's axis and across it. */
export interface Viewer {
  readonly state: ViewerState;
  readonly attachPane: (paneId: PaneId, element: HTMLDivElement, canvas: HTMLCanvasElement) => void;
  readonly detachPane: (paneId: PaneId) => void;
  readonly openSeries: (series: Series, position: SlicePosition | null) => void;
  readonly closeSeries: () => void;
  readonly setLayout: (layout: ViewerLayout) => void;
  readonly setOverlay: (overlay: SessionOverlay | null, look: MarksLook) => void;
  readonly setSegments: (layer: SegmentLayer | null) => void;
  readonly setRangePreview: (preview: RangePreview | null) => void;
  readonly drafts: Overlays['drafts'];
  readonly measuring: Measuring;
  /** Whether several planes are shown that cross in one place. */
  readonly crosses: () => boolean;
  readonly showSlice: (position: Partial<SlicePosition>) => void;
  /** Moves the cross to a voxel; every pane follows. */
  readonly moveCross: (voxel: VoxelIndex) => void;
  readonly stepSlice: (delta: number) => void;
  readonly setActivePane: (paneId: PaneId) => void;
  readonly setWindow: (window: IntensityWindow) => void;
  /** The window the series was opened with: its file's, else the engine's, until that is there percentiles of the first image. */
  readonly storedWindow: () => IntensityWindow | null;
  /** The engine's window for images that name none; on screen unless the reader has set another meanwhile. */
  readonly setStoredWindow: (window: IntensityWindow) => void;
  readonly setCursor: (cursor: CursorReading | null) => void;
  readonly setInverted: (inverted: boolean) => void;
  readonly resetCameras: () => void;
  readonly pane: (paneId: PaneId) => Pane | undefined;
  readonly source: () => SeriesSource | null;
  readonly frames: () => FrameStore | null;
  /** Whether the active pane shows what was asked for last. */
  readonly isDrawn: () => boolean;
  readonly redrawOverlays: () => void;
  readonly dispose: () => void;
}

export function createViewer(frameBase: string, events: ViewerEvents): Viewer {
  const state = createViewerState();
  const engine = new RenderingEngine(ENGINE_ID);
  const panes = createMountedPanes({ engine, onDrawn: (paneId) => overlays.draw(paneId) });
  const opened = createOpenedSeries({
    frameBase,
    onFrame: () => (refreshTimer ??= setTimeout(refresh, REFRESH_MS)),
    onProblem: events.onProblem,
  });
  const { source } = opened;
  let cross: VoxelIndex = { i: 0, j: 0, k: 0 };
  let stackIndex = 0;
  let storedWindow: IntensityWindow | null = null;
  let scheduled = 0;
  let refreshTimer: ReturnType<typeof setTimeout> | null = null;

  const stance = (): Stance => ({
    volume: source()?.volumeOf(state.phaseIndex),
    layout: state.layout,
    axes: state.axes,
    axis: state.axis,
    activePane: state.activePane,
    cross,
    stackIndex,
  });
  const take = (next: Stance): void => {
    const { layout, axis, activePane } = next;
    Object.assign(state, { layout, axis, activePane });
    ({ cross, stackIndex } = next);
  };
  const positionOf = (paneId: PaneId): SlicePosition | null => positionOfPane(stance(), paneId);

  /** Shows where the pane stands; the first image to come sets the window, before it is drawn. */
  const showOn = async (paneId: PaneId, fit: boolean): Promise<void> => {
    const pane = panes.get(paneId);
    const position = positionOf(paneId);
    const from = source();
    if (pane === undefined || position === null || from === null) return;
    await pane.show(from, position, fit);
    const shown = pane.getShown();
    if (source() === from && state.window === null && shown !== null) applyFirstWindow(shown, pane);
  };

  const update = (fit: boolean): void => {
    scheduled = 0;
    const from = source();
    if (from === null) return;
    for (const paneId of panes.entries.keys()) void showOn(paneId, fit);
    const frame =
      state.layout === 'stack' && normalAxisOf(stance(), state.axis) !== 2 ? 0 : cross.k;
    from.prefetchAround(state.phaseIndex, frame);
  };

  /** Many moves in one frame draw once: the newest. */
  const scheduleUpdate = (): void => {
    if (scheduled === 0) scheduled = requestAnimationFrame(() => update(false));
  };

  const announceSlice = (): void => {
    const position = positionOf(state.activePane) ?? positionOf('main');
    if (position === null) return;
    state.position = position;
    state.sliceCount = source()?.place(position)?.cut.sliceCount ?? 0;
    events.onSlice(position);
  };

  const crosses = (): boolean => state.layout !== 'stack' && state.axes.length > 1;
  const measuring = createMeasuring({
    source,
    redraw: () => {
      renderMeasurements([...panes.entries.keys()]);
    },
    onChanged: () => {
      redrawOverlays();
      events.onMeasurementWords(measuring.tell());
    },
    onDrawn: events.onMeasured,
    onUnwanted: events.onUnwanted,
  });
  const overlays = createOverlays({
    panes: panes.entries,
    source,
    describeMeasurement: (...measured) => measuring.describe(...measured),
    cross: () => (crosses() ? cross : null),
    onDrawn: (paneId, pane) => {
      state.panes[paneId] = describePane(pane, positionOf(paneId), paneId === 'side3' && crosses());
      if (paneId === 'main') state.firstFailed = pane.getUnreadable() !== null;
    },
  });
  const redrawOverlays = (): void => {
    overlays.drawAll();
  };

  const applyFirstWindow = (shown: PlacedSlice, pane: Pane): void => {
    const range = pane.getShownRange();
    const pixels = pane.getPixels();
    storedWindow ??=
      shown.image.samplesPerPixel === 3
        ? windowOfRange(0, 255)
        : (shown.image.window ??
          (pixels === null ? null : computePercentileWindow(pixels)) ??
          windowOfRange(range?.minimum ?? 0, range?.maximum ?? 1));
    setWindow(storedWindow);
  };

  const setWindow = (window: IntensityWindow): void => {
    state.window = window;
    for (const pane of panes.all()) pane.setLook(window, state.inverted);
    events.onWindow(window);
  };

  const refresh = (): void => {
    refreshTimer = null;
    const from = source();
    if (from === null) return;
    state.progress = from.progressOf(state.phaseIndex);
    events.onProgress(state.progress);
    const shown = new Map(panes.all().map((pane) => [pane.getShownImageId() ?? '', pane]));
    for (const image of recutPartialImages(new Set(shown.keys())))
      shown.get(image.imageId)?.redraw();
  };

  const closeSeries = (): void => {
    opened.close();
    storedWindow = null;
    Object.assign(state, { isOpen: false, position: null, sliceCount: 0, window: null });
    Object.assign(state, { progress: null, inverted: false, cursor: null, activePane: 'main' });
    for (const pane of panes.all()) pane.clear();
    for (const paneId of paneIds) state.panes[paneId] = null;
    overlays.drafts.clear();
    measuring.clear();
    redrawOverlays();
  };

  const openSeries = (series: Series, position: SlicePosition | null): void => {
    closeSeries();
    const from = opened.open(series);
    state.isOpen = true;
    state.axis = 'acquired';
    state.phaseIndex = series.volumes[0]?.phaseIndex ?? 0;
    enterPhase(position?.phaseIndex ?? state.phaseIndex);
    cross = middleOf(stance().volume);
    stackIndex = cross.k;
    if (position !== null) take(goTo(stance(), position));
    announceSlice();
    // The first image alone, then its neighbours and the other panes.
    void showOn('main', true).then(() => {
      if (source() === from) update(true);
    });
  };

  const enterPhase = (phaseIndex: number): void => {
    const from = source();
    if (from?.volumeOf(phaseIndex) === undefined) return;
    state.phaseIndex = phaseIndex;
    state.axes = from.axesOf(phaseIndex);
    take(settle(stance()));
  };

  const showSlice = (position: Partial<SlicePosition>): void => {
    const before = { phaseIndex: state.phaseIndex, axis: state.axis };
    if (position.phaseIndex !== undefined && position.phaseIndex !== before.phaseIndex)
      enterPhase(position.phaseIndex);
    take(goTo(stance(), position));
    if (state.phaseIndex !== before.phaseIndex) {
      events.onPhase(state.phaseIndex);
      refreshTimer ??= setTimeout(refresh, 0);
    }
    announceSlice();
    if (state.axis !== before.axis) update(true);
    else scheduleUpdate();
    redrawOverlays();
  };

  const onLost = (): void => events.onContextLost();
  eventTarget.addEventListener(CoreEvents.WEBGL_CONTEXT_LOST, onLost);

  return {
    state,
    attachPane(paneId, element, canvas) {
      const pane = panes.attach(paneId, element, canvas);
      if (state.window !== null) pane.setLook(state.window, state.inverted);
      void showOn(paneId, true);
    },
    detachPane(paneId) {
      panes.detach(paneId);
      state.panes[paneId] = null;
    },
    openSeries,
    closeSeries,
    setLayout(layout) {
      take(changeLayout(stance(), layout));
      update(true);
      announceSlice();
    },
    setOverlay: (overlay, look) => {
      overlays.setSession(overlay, look);
    },
    setSegments: (layer) => {
      overlays.setSegments(layer);
    },
    setRangePreview: (preview) => {
      overlays.setRangePreview(preview);
    },
    drafts: overlays.drafts,
    measuring,
    crosses,
    showSlice,
    moveCross(voxel) {
      cross = withinVolume(stance().volume, voxel);
      announceSlice();
      scheduleUpdate();
      redrawOverlays();
    },
    stepSlice(delta) {
      const position = positionOf(state.activePane) ?? positionOf('main');
      if (position !== null)
        showSlice({ axis: position.axis, sliceIndex: position.sliceIndex + delta });
    },
    setActivePane(paneId) {
      if (state.activePane === paneId || positionOf(paneId) === null) return;
      state.activePane = paneId;
      announceSlice();
    },
    setWindow,
    storedWindow: () => storedWindow,
    setStoredWindow(window) {
      const isUntouched =
        state.window?.centre === storedWindow?.centre &&
        state.window?.width === storedWindow?.width;
      storedWindow = window;
      if (state.window !== null && isUntouched) setWindow(window);
    },
    setCursor(cursor) {
      state.cursor = cursor;
    },
    setInverted(inverted) {
      state.inverted = inverted;
      if (state.window !== null)
        for (const pane of panes.all()) pane.setLook(state.window, inverted);
    },
    resetCameras: () => panes.all().forEach((pane) => pane.resetCamera()),
    pane: panes.get,
    source,
    frames: opened.frames,
    isDrawn() {
      const wanted = positionOf(state.activePane);
      const shown = panes.get(state.activePane)?.getShown()?.position;
      return wanted?.sliceIndex === shown?.sliceIndex && wanted?.phaseIndex === shown?.phaseIndex;
    },
    redrawOverlays,
    dispose() {
      eventTarget.removeEventListener(CoreEvents.WEBGL_CONTEXT_LOST, onLost);
      cancelAnimationFrame(scheduled);
      if (refreshTimer !== null) clearTimeout(refreshTimer);
      closeSeries();
      overlays.stop();
      measuring.stop();
      panes.dispose();
      engine.destroy();
    },
  };
}

/** Voxel under a pixel of a shown slice; the grid's own index where the images form one. */
export const voxelUnder = (shown: PlacedSlice, column: number, row: number): VoxelIndex =>
  imageToVoxel(shown.cut.plane, shown.position.sliceIndex, { column, row });
