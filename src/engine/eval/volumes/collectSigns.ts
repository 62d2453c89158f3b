import { computeDice } from '../../../domain/metrics.js';
import { countMaskPixels } from '../../../domain/mask.js';
import type { PropagationLimits, SignLimits, SliceSigns } from '../../propagation/types.js';
import { propagateVolume } from './completeVolume.js';
import type { CompletionTools } from './completeVolume.js';
import type { VolumeCase } from './loadVolumeCase.js';
import { chooseKeySlices, clickOnSlice } from './oracleUser.js';

const noLimits: SignLimits = {
  leastScore: -Infinity,
  mostAreaRatio: Infinity,
  leastOverlap: -Infinity,
  mostDrift: Infinity,
  mostGrayShift: Infinity,
};
const endless: PropagationLimits = { end: noLimits, doubt: noLimits };

const KEY_CLICKS = 3;

/** What limits are chosen from: one volume, its slices in the order of the two walks. */
export interface SignRecord {
  readonly fileName: string;
  readonly truthPixels: number;
  readonly key: { readonly pixels: number; readonly shared: number };
  readonly slices: readonly {
    readonly sliceIndex: number;
    readonly steps: number; // from the given slice; below 0 downwards
    readonly signs: SliceSigns;
    readonly dice: number;
    readonly pixels: number;
    readonly shared: number; // pixels that the truth has, too
  }[];
}

/** The signs of every slice of walks from one given slice that no limit ends, beside the truth. */
export async function collectSigns(
  volume: VolumeCase,
  leastPixels: number,
  tools: Omit<CompletionTools, 'limits'>,
): Promise<SignRecord | null> {
  const [key] = chooseKeySlices(volume.areas, 1, { leastPixels, atEnds: false });
  if (key === undefined) return null;
  const how = { count: KEY_CLICKS, start: null };
  const { mask } = await clickOnSlice(volume, key, how, tools.segmenter, tools.signal);
  const { made } = await propagateVolume(volume, new Map([[key, mask]]), null, {
    ...tools,
    limits: endless,
  });
  const countShared = (index: number, found: typeof mask): number =>
    found.data.reduce((sum, value, at) => sum + (value & (volume.truths[index]?.data[at] ?? 0)), 0);
  return {
    fileName: volume.fileName,
    truthPixels: volume.areas.reduce((sum, area) => sum + area, 0),
    key: { pixels: countMaskPixels(mask), shared: countShared(key, mask) },
    slices: [...made.values()].flatMap(({ sliceIndex, mask: found, signs }) => {
      const truth = volume.truths[sliceIndex];
      if (truth === undefined) return [];
      return [
        {
          sliceIndex,
          steps: sliceIndex - key,
          signs,
          dice: computeDice(found, truth),
          pixels: countMaskPixels(found),
          shared: countShared(sliceIndex, found),
        },
      ];
    }),
  };
}
