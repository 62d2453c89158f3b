import { computeDice } from '../../../domain/metrics.js';
import { countMaskPixels, emptyMask } from '../../../domain/mask.js';
import type { Mask } from '../../../domain/mask.js';
import { noLimits } from '../../propagation/limits.js';
import type { PropagationLimits, SliceSigns } from '../../propagation/types.js';
import { propagateVolume } from './completeVolume.js';
import type { CompletionTools } from './completeVolume.js';
import type { VolumeCase } from './loadVolumeCase.js';
import { chooseKeySlices, clickOnSlice } from './oracleUser.js';

const endless: PropagationLimits = { end: noLimits, doubt: noLimits };

const KEY_CLICKS = 3;
const MOST_BEYOND = 20; // slices past the target's end that a walk is followed

/** What limits are chosen from: one volume, its slices in the order of the two walks. */
export interface SignRecord {
  readonly fileName: string;
  readonly truthPixels: number;
  readonly truthSlices: number;
  readonly key: { readonly pixels: number; readonly shared: number };
  readonly slices: readonly {
    readonly sliceIndex: number;
    readonly steps: number; // from the given slice; below 0 downwards
    readonly signs: SliceSigns;
    readonly dice: number;
    readonly pixels: number;
    readonly truthPixels: number;
    readonly shared: number; // pixels that the truth has, too
  }[];
}

/** Empty slices, given some way beyond both ends of the target: no walk goes past them. */
function wallsAround({ areas, truths }: VolumeCase): [number, Mask][] {
  const first = areas.findIndex((area) => area > 0) - MOST_BEYOND;
  const last = areas.findLastIndex((area) => area > 0) + MOST_BEYOND;
  return [first, last].flatMap((index): [number, Mask][] => {
    const truth = truths[index];
    return truth === undefined ? [] : [[index, emptyMask(truth.width, truth.height)]];
  });
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
  const given = new Map<number, Mask>([[key, mask], ...wallsAround(volume)]);
  const { made } = await propagateVolume(volume, given, null, { ...tools, limits: endless });
  const countShared = (index: number, found: typeof mask): number =>
    found.data.reduce((sum, value, at) => sum + (value & (volume.truths[index]?.data[at] ?? 0)), 0);
  return {
    fileName: volume.fileName,
    truthPixels: volume.areas.reduce((sum, area) => sum + area, 0),
    truthSlices: volume.areas.filter((area) => area > 0).length,
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
          truthPixels: countMaskPixels(truth),
          shared: countShared(sliceIndex, found),
        },
      ];
    }),
  };
}
