import type { IntensityWindow, SeriesSummary } from '../../domain/study.js';
import { computePercentiles, windowOfRange as toWindow } from '../../domain/window.js';
import type { NumericArray } from '../../domain/window.js';

/** Presets by number key, as the hotkey table has them: 1 is the file's own window, 2 to 7 are for CT (HU). */
export const windowPresets = [
  { id: 'stored', label: 'As stored', window: null },
  { id: 'soft-tissue', label: 'Soft tissue', window: { centre: 40, width: 400 } },
  { id: 'lung', label: 'Lung', window: { centre: -600, width: 1500 } },
  { id: 'bone', label: 'Bone', window: { centre: 480, width: 2500 } },
  { id: 'brain', label: 'Brain', window: { centre: 40, width: 80 } },
  { id: 'liver', label: 'Liver', window: { centre: 90, width: 150 } },
  { id: 'mediastinum', label: 'Mediastinum', window: { centre: 50, width: 350 } },
  { id: 'auto', label: 'Auto (1st to 99th percentile)', window: null },
  { id: 'full', label: 'Full range', window: null },
] as const satisfies readonly {
  readonly id: string;
  readonly label: string;
  readonly window: IntensityWindow | null;
}[];

export type WindowPresetId = (typeof windowPresets)[number]['id'];

/** Presets that make sense: those in HU for CT, and for NIfTI, which does not say whether it is one. */
export function presetsFor(
  series: { readonly modality: string; readonly sourceKind: SeriesSummary['sourceKind'] } | null,
): readonly { readonly id: WindowPresetId; readonly label: string }[] {
  const mayBeInHu = series?.modality === 'CT' || series?.sourceKind === 'nifti';
  return windowPresets.filter((preset) => preset.window === null || mayBeInHu);
}

/** Range of values -> window; a flat image gets width 1, as no width is no window. */
export const windowOfRange = (low: number, high: number): IntensityWindow =>
  high > low ? toWindow({ low, high }) : { centre: low, width: 1 };

/** 1st to 99th percentile, as the engine does for images without a window. Null when there is no finite value. */
export function computePercentileWindow(values: NumericArray): IntensityWindow | null {
  const [low, high] = computePercentiles(values, [1, 99]) ?? [];
  return low === undefined || high === undefined ? null : windowOfRange(low, high);
}

/** A drag of (dx, dy) CSS px: right widens, down lowers the brightness, as radiology viewers do. */
export function dragWindow(
  window: IntensityWindow,
  dx: number,
  dy: number,
  contentRange: number,
): IntensityWindow {
  const perPixel = Math.max(contentRange, 1e-6) / 600;
  const smallest = contentRange <= 2 ? contentRange / 1000 : 1;
  return {
    centre: window.centre + dy * perPixel,
    width: Math.max(smallest, window.width + dx * perPixel),
  };
}
