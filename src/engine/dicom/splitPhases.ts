import type { PhaseKeys, StoredFrame } from './types.js';

export interface Phase {
  readonly label: string;
  readonly frames: readonly StoredFrame[];
}

type KeyName = Exclude<keyof PhaseKeys, 'imageType'>;
const keyNames: readonly KeyName[] = [
  'segment',
  'temporalPosition',
  'triggerMs',
  'echoMs',
  'bValue',
  'acquisitionNumber',
];

const number = (value: number): string => String(Math.round(value * 100) / 100);

function describeKey(key: KeyName, value: number): string {
  switch (key) {
    case 'segment':
      return `segment ${number(value)}`;
    case 'temporalPosition':
      return `time point ${number(value)}`;
    case 'triggerMs':
      return `trigger ${number(value)} ms`;
    case 'echoMs':
      return `echo ${number(value)} ms`;
    case 'bValue':
      return `b ${number(value)}`;
    case 'acquisitionNumber':
      return `acquisition ${number(value)}`;
  }
}

const compareNullable = (a: number | null, b: number | null): number =>
  (a ?? Number.NEGATIVE_INFINITY) - (b ?? Number.NEGATIVE_INFINITY) || 0;

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Order of images at one position: by what tells them apart, at last by the order in which they were numbered. */
function compareAtPosition(a: StoredFrame, b: StoredFrame): number {
  for (const key of keyNames) {
    const order = compareNullable(a.keys[key], b.keys[key]);
    if (order !== 0 && !Number.isNaN(order)) return order;
  }
  return (
    compareText(a.keys.imageType, b.keys.imageType) ||
    a.info.instanceNumber - b.info.instanceNumber ||
    a.info.frameNumber - b.info.frameNumber
  );
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Names what sets this phase apart from the others; a plain number where the files do not say. */
function labelPhase(
  frames: readonly StoredFrame[],
  all: readonly StoredFrame[],
  rank: number,
): string {
  const varying = keyNames.filter((key) => new Set(all.map((frame) => frame.keys[key])).size > 1);
  const parts = varying.flatMap((key) => {
    const values = frames.flatMap((frame) => frame.keys[key] ?? []);
    // A key that also varies inside the phase (acquisition numbers counted by slice) tells nothing;
    // trigger times differ a little from slice to slice.
    const spread = values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
    const steady = key === 'triggerMs' || key === 'echoMs' ? true : spread === 0;
    return values.length > 0 && steady ? [describeKey(key, median(values))] : [];
  });
  return parts.length > 0 ? parts.slice(0, 3).join(', ') : `phase ${String(rank + 1)}`;
}

/**
 * Splits the images of a grid where several share a position into phases with one image a position.
 * `positions` groups them by position, ascending. Where one key takes the same values at every position,
 * images are matched by value (a missing one stays missing); else by rank at their position, since trigger
 * times drift from slice to slice.
 */
export function splitPhases(positions: readonly (readonly StoredFrame[])[]): readonly Phase[] {
  const most = Math.max(0, ...positions.map((frames) => frames.length));
  const all = positions.flat();
  if (most <= 1) return [{ label: '', frames: all }];
  const matched = matchByValue(positions);
  const phases =
    matched ??
    Array.from({ length: most }, (_, rank) =>
      positions.flatMap((frames) => frames.toSorted(compareAtPosition)[rank] ?? []),
    );
  return phases.map((frames, rank) => ({ label: labelPhase(frames, all, rank), frames }));
}

function matchByValue(
  positions: readonly (readonly StoredFrame[])[],
): readonly (readonly StoredFrame[])[] | null {
  for (const key of keyNames) {
    const values = [...new Set(positions.flat().map((frame) => frame.keys[key]))];
    if (values.length < 2 || values.includes(null)) continue;
    const distinct = positions.every(
      (frames) => new Set(frames.map((frame) => frame.keys[key])).size === frames.length,
    );
    // Many more values than images at a position: a running number or a drifting time, not a phase.
    const most = Math.max(...positions.map((frames) => frames.length));
    const sparse = key !== 'segment' && values.length > most;
    if (!distinct || sparse) continue;
    return values
      .toSorted((a, b) => compareNullable(a, b))
      .map((value) =>
        positions.flatMap((frames) => frames.filter((frame) => frame.keys[key] === value)),
      );
  }
  return null;
}
