import { InvalidArgumentError } from 'commander';

import type { IntensityWindow } from '../domain/study.js';

/** Parsers of option values; each throws commander's error, which ends with exit code 2. */

export function parseIndex(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0 on.');
  return Number(text);
}

export function parseCount(text: string): number {
  const count = parseIndex(text);
  if (count < 1 || count > 100) throw new InvalidArgumentError('It must lie between 1 and 100.');
  return count;
}

export function parseWindow(text: string): IntensityWindow {
  const [centre, width, ...rest] = text.split(',').map(Number);
  if (
    centre === undefined ||
    width === undefined ||
    rest.length > 0 ||
    !Number.isFinite(centre) ||
    !Number.isFinite(width) ||
    width <= 0
  )
    throw new InvalidArgumentError('It must be CENTRE,WIDTH with a width above 0, as in 40,400.');
  return { centre, width };
}

/** A voxel in the plane of the slice: its first and second index. */
export interface PlaneVoxel {
  readonly first: number;
  readonly second: number;
}

/** For a variadic option: collects 'X,Y' words. */
export function collectVoxels(text: string, previous: readonly PlaneVoxel[]): PlaneVoxel[] {
  const match = /^(\d+),(\d+)$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError('A click must be X,Y in whole voxels, as in 120,85.');
  return [...previous, { first: Number(match[1]), second: Number(match[2]) }];
}
