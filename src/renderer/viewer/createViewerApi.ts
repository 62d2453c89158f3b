import { createCine } from './cine.js';
import { pixelToCanvas } from './canvasMap.js';
import { readCursor } from './interactions.js';
import type { Presses } from './interactions.js';
import type { Viewer } from './viewer.js';
import type { CineState, ViewerApi } from './viewerApi.js';
import { computePercentileWindow, windowOfRange, windowPresets } from './windowing.js';
import type { WindowPresetId } from './windowing.js';

const FPS = { least: 1, most: 60 };

/** The commands of viewerApi.ts over one viewer. */
export function createViewerApi(
  viewer: Viewer,
  {
    onCine,
    drawing,
  }: {
    readonly onCine: (cine: CineState) => void;
    readonly drawing: Pick<Presses, 'cancel' | 'finish'>;
  },
): ViewerApi & { readonly stop: () => void } {
  const { state } = viewer;

  const cineOver = (): CineState['over'] =>
    viewer.source()?.hasPhases === true ? 'phases' : 'slices';

  const nextPhase = (): number => {
    const volumes = viewer.source()?.series.volumes ?? [];
    const at = volumes.findIndex((volume) => volume.phaseIndex === state.phaseIndex);
    return volumes[(at + 1) % volumes.length]?.phaseIndex ?? state.phaseIndex;
  };

  const cine = createCine({
    isDrawn: viewer.isDrawn,
    advance() {
      if (state.position === null) return;
      if (cineOver() === 'phases') viewer.showSlice({ phaseIndex: nextPhase() });
      else
        viewer.showSlice({
          axis: state.position.axis,
          sliceIndex: (state.position.sliceIndex + 1) % Math.max(1, state.sliceCount),
        });
    },
  });

  const getCine = (): CineState => ({
    playing: state.cinePlaying,
    framesPerSecond: state.cineFps,
    over: cineOver(),
  });

  const setCine = (playing: boolean, framesPerSecond = state.cineFps): void => {
    state.cineFps = Math.min(FPS.most, Math.max(FPS.least, framesPerSecond));
    const frames = cineOver() === 'phases' ? 2 : state.sliceCount;
    state.cinePlaying = playing && state.isOpen && frames > 1;
    if (state.cinePlaying) cine.play(state.cineFps);
    else cine.stop();
    onCine(getCine());
  };

  const applyPreset = (id: WindowPresetId): void => {
    const preset = windowPresets.find((each) => each.id === id);
    const pane = viewer.pane(state.activePane);
    const pixels = pane?.getPixels() ?? null;
    const range = pane?.getShownRange() ?? null;
    if (preset === undefined || pixels === null || range === null) return;
    const window =
      preset.window ??
      (id === 'stored'
        ? viewer.storedWindow()
        : id === 'auto'
          ? computePercentileWindow(pixels)
          : windowOfRange(range.minimum, range.maximum));
    if (window !== null) viewer.setWindow(window);
  };

  return {
    presets: windowPresets,
    showSlice: viewer.showSlice,
    stepSlice: viewer.stepSlice,
    showPhase: (phaseIndex) => viewer.showSlice({ phaseIndex }),
    getPosition: () => state.position,
    setWindow: viewer.setWindow,
    applyPreset,
    getWindow: () => state.window,
    toggleInvert: () => viewer.setInverted(!state.inverted),
    reset() {
      const window = viewer.storedWindow();
      if (window !== null) viewer.setWindow(window);
      viewer.setInverted(false);
      viewer.resetCameras();
    },
    setCine,
    getCine,
    settleMeasurement: (...placed) => {
      viewer.measuring.settle(...placed);
    },
    pixelToPane(column, row) {
      const map = viewer.pane('main')?.getMap() ?? null;
      return map === null ? null : pixelToCanvas(map, { column, row });
    },
    clearDraft: (draftId) => {
      if (draftId !== null) viewer.drafts.remove(draftId);
    },
    cancelDrawing: () => drawing.cancel(),
    finishDrawing: () => drawing.finish(),
    readPane: (x, y) => readCursor(viewer, 'main', { x, y }),
    stop: cine.stop,
  };
}
