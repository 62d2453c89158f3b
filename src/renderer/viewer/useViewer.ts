import { onBeforeUnmount, shallowRef, watch } from 'vue';

import type { Measurement } from '../../domain/measurement.js';
import type { IntensityWindow, Series } from '../../domain/study.js';
import { createViewerApi } from './createViewerApi.js';
import { createPromptDrawing } from './drawPrompts.js';
import { createSegmentDrawing } from './drawSegments.js';
import { createHandlers, createPresses } from './interactions.js';
import { createToolGroup } from './toolGroup.js';
import { ENGINE_ID, createViewer } from './viewer.js';
import type {
  CineState,
  PlacedPrompt,
  SegmentLayer,
  SessionOverlay,
  SlicePosition,
  ViewerApi,
  ViewerLayout,
  ViewerTool,
} from './viewerApi.js';
import type { PlacedOnSegment, RangePreview, SegmentHand } from './segmentHand.js';
import type { ViewerEvents } from './viewer.js';
import type { PaneId } from './viewerState.js';

/** What ViewerPanes.vue is given. */
export interface ViewerInputs {
  readonly series: Series | null;
  readonly initialPosition: SlicePosition | null;
  readonly seriesWindow: IntensityWindow | null;
  readonly layout: ViewerLayout;
  readonly tool: ViewerTool;
  readonly overlay: SessionOverlay | null;
  readonly segments: SegmentLayer | null;
  readonly strokeColour: string | null;
  readonly masksHidden: boolean;
  readonly maskOpacity: number;
  readonly brushSizePx: number;
  /** Null while what is drawn is for the agent. */
  readonly segmentHand: SegmentHand | null;
  readonly rangePreview: RangePreview | null;
  /** What is stored of the series. */
  readonly measurements: readonly Measurement[];
  readonly frameBase: string;
}

export interface ViewerListeners extends Omit<ViewerEvents, 'onMeasurementWords'> {
  readonly onReady: (api: ViewerApi) => void;
  readonly onDrawing: (isDrawing: boolean) => void;
  readonly onPlaced: (placed: PlacedPrompt) => void;
  readonly onSegmentDrawn: (placed: PlacedOnSegment) => void;
  readonly onCine: (cine: CineState) => void;
}

/** A viewer that follows the component's inputs, and lives and ends with it. */
export function useViewer(inputs: ViewerInputs, listeners: ViewerListeners) {
  /** The same words as on the image, for those who do not see it. */
  const measured = shallowRef<readonly string[]>([]);
  const viewer = createViewer(inputs.frameBase, {
    ...listeners,
    onMeasurementWords: (words) => {
      measured.value = words;
    },
  });
  const drawing = createPromptDrawing(viewer, {
    overlay: () => inputs.overlay,
    brushSizePx: () => inputs.brushSizePx,
    strokeColour: () => inputs.strokeColour,
    onDrawing: listeners.onDrawing,
    onPlaced: listeners.onPlaced,
  });
  const segmentDrawing = createSegmentDrawing(viewer, {
    hand: () => inputs.segmentHand,
    brushSizePx: () => inputs.brushSizePx,
    strokeColour: () => inputs.strokeColour,
    onDrawing: listeners.onDrawing,
    onDrawn: listeners.onSegmentDrawn,
  });
  const presses = createPresses(viewer, drawing, segmentDrawing);
  const api = createViewerApi(viewer, { onCine: listeners.onCine, drawing: presses });
  const tools = createToolGroup(createHandlers(viewer));

  const openGiven = (): void => {
    presses.cancel();
    api.setCine(false);
    if (inputs.series === null) viewer.closeSeries();
    else viewer.openSeries(inputs.series, inputs.initialPosition);
    takeSeriesWindow();
    viewer.measuring.setStored(inputs.measurements);
  };

  const takeSeriesWindow = (): void => {
    if (inputs.seriesWindow !== null) viewer.setStoredWindow(inputs.seriesWindow);
  };

  watch(() => inputs.series, openGiven);
  watch(() => inputs.seriesWindow, takeSeriesWindow);
  watch(
    () => inputs.measurements,
    (stored) => viewer.measuring.setStored(stored),
  );
  watch(
    () => inputs.layout,
    (layout) => viewer.setLayout(layout),
    { immediate: true },
  );
  watch(
    () => inputs.tool,
    (tool) => {
      presses.cancel();
      tools.activate(tool);
    },
  );
  watch(
    [() => inputs.overlay, () => inputs.masksHidden, () => inputs.maskOpacity],
    ([overlay, hidden, opacity]) => viewer.setOverlay(overlay, { hidden, opacity }),
    { immediate: true },
  );
  watch(
    [() => inputs.segments, () => inputs.masksHidden],
    ([layer, hidden]) => viewer.setSegments(hidden ? null : layer),
    { immediate: true },
  );
  watch(
    () => inputs.rangePreview,
    (preview) => viewer.setRangePreview(preview),
    { immediate: true },
  );
  onBeforeUnmount(() => {
    api.stop();
    tools.dispose();
    viewer.dispose();
  });

  return {
    viewer,
    api,
    presses,
    measured,
    attach: (paneId: PaneId, element: HTMLDivElement, canvas: HTMLCanvasElement): void => {
      viewer.attachPane(paneId, element, canvas);
      tools.addPane(paneId, ENGINE_ID);
      tools.activate(inputs.tool);
      if (paneId !== 'main') return;
      openGiven();
      listeners.onReady(api);
    },
    detach: (paneId: PaneId): void => {
      tools.removePane(paneId, ENGINE_ID);
      viewer.detachPane(paneId);
    },
  };
}
