import type { SeriesId } from '../../domain/brand.js';
import { openByDialog } from '../worklist/openPaths.js';
import { openSeries } from '../worklist/openSeries.js';
import { cancelOpening } from '../worklist/openPaths.js';
import { goToCase } from '../worklist/caseQueue.js';
import { findNeighbourSeries } from '../worklist/worklistRows.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { addSegment, changeSegment } from '../segmentation/segmentActs.js';
import { segmentCommands } from '../segmentation/segmentCommands.js';
import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { review, toggleFlag } from '../review/reviewActs.js';
import { cancelSession, pauseSession, runSession, stepSession } from '../session/runActions.js';
import { accept, reject } from '../session/userActs.js';
import { useSessionStore } from '../session/sessionStore.js';
import { confirmShownSlice, goToDoubt, startPropagation } from '../volume/propagationActs.js';
import type { ViewerTool } from '../viewer/viewerApi.js';
import { presetsFor } from '../viewer/windowing.js';
import type { WindowPresetId } from '../viewer/windowing.js';
import type { HotkeyId } from './hotkeys.js';
import { useHotkeyStore } from './hotkeyStore.js';
import { usePanelStore } from './panelStore.js';
import { redoNext, undoLast } from './undo.js';
import { useViewerStore } from './viewerStore.js';

const BRUSH_SIZES_PX = [1, 2, 3, 4, 5, 7, 9, 12, 15, 19, 24, 30, 38, 48, 60, 75, 95, 120, 150, 200];
const OPACITIES = [0.35, 0.6, 0.85, 0.15] as const;

const chooseTool = (tool: ViewerTool) => (): void => {
  useViewerStore().tool = tool;
};

const applyPreset = (id: WindowPresetId) => (): void => {
  if (presetsFor(useWorklistStore().series).some((preset) => preset.id === id))
    useViewerStore().api?.applyPreset(id);
};

const stepSlice = (delta: 1 | -1) => (): void => {
  useViewerStore().api?.stepSlice(delta);
};

/** The series on its way, else the one on screen: keys pressed faster than series open still count. */
const latestSeriesId = (): SeriesId | null => {
  const { loadingSeriesId, series } = useWorklistStore();
  return loadingSeriesId ?? series?.seriesId ?? null;
};

const goToSeries = (offset: 1 | -1) => (): void => {
  const next = findNeighbourSeries(useWorklistStore().rows, latestSeriesId(), offset);
  if (next !== null) void openSeries(next);
};

const opacityAfter = (opacity: number): number =>
  OPACITIES[(OPACITIES.findIndex((each) => each === opacity) + 1) % OPACITIES.length] ??
  OPACITIES[0];

/** Of the active segment where its tab lies on top, else of the session's mask. */
function changeOpacity(): void {
  const viewer = useViewerStore();
  const { active } = useSegmentationStore();
  if (usePanelStore().rightTab !== 'segments')
    viewer.maskOpacity = opacityAfter(viewer.maskOpacity);
  else if (active !== null)
    void changeSegment(active.segmentNumber, { opacity: opacityAfter(active.opacity) });
}

/** The next size up or down: the two keys undo each other. */
const changeBrush = (direction: 1 | -1) => (): void => {
  const viewer = useViewerStore();
  const sizes = direction === 1 ? BRUSH_SIZES_PX : BRUSH_SIZES_PX.toReversed();
  const isNext = (size: number): boolean => direction * (size - viewer.brushSizePx) > 0;
  viewer.brushSizePx = sizes.find(isNext) ?? viewer.brushSizePx;
};

/** Enter closes an outline that is being laid, else runs; a paused session takes one step; a running one is left alone. */
function runOrStep(): void {
  if (useViewerStore().api?.finishDrawing() === true) return;
  const state = useSessionStore().session?.runState;
  if (state === 'paused') void stepSession();
  else if (state !== 'running') void runSession();
}

/** Escape ends what is under way: a line being drawn, an opening, else the run. */
function cancelWhatRuns(): void {
  const { session, busy } = useSessionStore();
  if (useViewerStore().api?.cancelDrawing() === true) return;
  if (useWorklistStore().job !== null) void cancelOpening();
  else if (busy || session?.runState === 'running') void cancelSession();
  else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

const whenStill = (decide: () => Promise<void>) => (): void => {
  const { session } = useSessionStore();
  if (session !== null && session.runState !== 'running' && session.decision === null)
    void decide();
};

function toggleCine(): void {
  const { api } = useViewerStore();
  if (api !== null) api.setCine(!api.getCine().playing);
}

/** What each action of the hotkey table does; buttons call the same functions. */
export const commands: Readonly<Record<HotkeyId, () => void>> = {
  'tool.select': chooseTool('select'),
  'tool.window': chooseTool('window'),
  'tool.zoom': chooseTool('zoom'),
  'tool.pan': chooseTool('pan'),
  'tool.scroll': chooseTool('scroll'),
  'tool.length': chooseTool('length'),
  'tool.rectangle': chooseTool('rectangle'),
  'tool.ellipse': chooseTool('ellipse'),
  'tool.angle': chooseTool('angle'),
  'tool.bidirectional': chooseTool('bidirectional'),
  'tool.arrow': chooseTool('arrow'),
  'tool.include': chooseTool('include'),
  'tool.exclude': chooseTool('exclude'),
  'tool.box': chooseTool('box'),
  'tool.include-scribble': chooseTool('include-scribble'),
  'tool.exclude-scribble': chooseTool('exclude-scribble'),
  'tool.brush': chooseTool('brush'),
  'tool.eraser': chooseTool('eraser'),
  'tool.lasso': chooseTool('lasso'),
  'tool.cut-lasso': chooseTool('cut-lasso'),
  'tool.livewire': chooseTool('livewire'),
  'tool.fill': chooseTool('fill'),
  'tool.grow-region': chooseTool('grow-region'),
  'tool.island': chooseTool('island'),
  ...segmentCommands,
  'brush.smaller': changeBrush(-1),
  'brush.larger': changeBrush(1),
  'preset.1': applyPreset('stored'),
  'preset.2': applyPreset('soft-tissue'),
  'preset.3': applyPreset('lung'),
  'preset.4': applyPreset('bone'),
  'preset.5': applyPreset('brain'),
  'preset.6': applyPreset('liver'),
  'preset.7': applyPreset('mediastinum'),
  'slice.next': stepSlice(1),
  'slice.previous': stepSlice(-1),
  'series.next': goToSeries(1),
  'series.previous': goToSeries(-1),
  'cine.toggle': toggleCine,
  'image.invert': () => useViewerStore().api?.toggleInvert(),
  'image.reset': () => useViewerStore().api?.reset(),
  'layout.toggle': () => {
    const viewer = useViewerStore();
    viewer.layout = viewer.layout === 'stack' ? 'mpr' : 'stack';
  },
  'layout.quad': () => {
    const viewer = useViewerStore();
    viewer.layout = viewer.layout === 'quad' ? 'stack' : 'quad';
  },
  'layout.surfaces': () => {
    const viewer = useViewerStore();
    viewer.surfacesShown = viewer.layout !== 'quad' || !viewer.surfacesShown;
    viewer.layout = 'quad';
  },
  'mask.opacity': changeOpacity,
  'mask.hide': () => {
    const viewer = useViewerStore();
    viewer.masksHidden = !viewer.masksHidden;
  },
  'segments.show': () => {
    const panels = usePanelStore();
    panels.rightTab = panels.rightTab === 'agent' ? 'segments' : 'agent';
    panels.sessionShown = true;
  },
  'segments.add': () => {
    Object.assign(usePanelStore(), { rightTab: 'segments', sessionShown: true });
    void addSegment();
  },
  'session.next': runOrStep,
  'session.pause': () => void pauseSession(),
  'session.cancel': cancelWhatRuns,
  'session.undo': () => void undoLast(),
  'session.redo': () => void redoNext(),
  'session.accept': whenStill(accept),
  'session.reject': whenStill(reject),
  'case.next': () => void goToCase(1),
  'case.previous': () => void goToCase(-1),
  'review.approve': () => void review('approved'),
  'review.reject': () => void review('rejected'),
  'review.flag': () => void toggleFlag(),
  'propagation.run': () => {
    Object.assign(usePanelStore(), { rightTab: 'segments', sessionShown: true });
    void startPropagation();
  },
  'doubt.next': () => goToDoubt(1),
  'doubt.previous': () => goToDoubt(-1),
  'doubt.confirm': () => void confirmShownSlice(),
  'files.open': () => void openByDialog('files'),
  'folder.open': () => void openByDialog('folder'),
  'measure.show': () => {
    Object.assign(usePanelStore(), { rightTab: 'measure', sessionShown: true });
  },
  'request.focus': () => {
    document.getElementById('request-text')?.focus();
  },
  'hotkeys.list': () => {
    useHotkeyStore().listShown = true;
  },
};
