import { InvalidArgumentError } from 'commander';

import type { IntensityWindow } from '../domain/study.js';

/** Parsers of option values; each throws commander's error, which ends with exit code 2. */

export function parseIndex(text: string): number {
  const index = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(index))
    throw new InvalidArgumentError('It must be a whole number from 0 on.');
  return index;
}

export function parseCount(text: string): number {
  const count = parseIndex(text);
  if (count < 1 || count > 100) throw new InvalidArgumentError('It must lie between 1 and 100.');
  return count;
}

/** How many of something to take: at least one. */
export function parseAmount(text: string): number {
  const amount = parseIndex(text);
  if (amount < 1) throw new InvalidArgumentError('It must be 1 or more.');
  return amount;
}

/** A parser of comma-separated words, each one of `known`. */
export const parseSomeOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): readonly T[] => {
    const words = text.split(',').map((word) => word.trim());
    const found = words.filter((word): word is T => known.some((one) => one === word));
    if (found.length < words.length)
      throw new InvalidArgumentError(`It must be some of ${known.join(',')}.`);
    return found;
  };

const LONGEST_PROMPT = 2000; // characters that `startSession` takes

export function parsePrompt(text: string): string {
  const prompt = text.trim();
  if (prompt === '') throw new InvalidArgumentError('Say in words what to segment.');
  if (prompt.length > LONGEST_PROMPT)
    throw new InvalidArgumentError(`It may have ${LONGEST_PROMPT} characters at most.`);
  return prompt;
}

export function parseWindow(text: string): IntensityWindow {
  const words = text.split(',').map((word) => word.trim());
  const [centre, width, ...rest] = words.map((word) => (word === '' ? NaN : Number(word)));
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

/** One part of a list: every `count`th row, beginning with row `index`. */
export interface Shard {
  readonly index: number; // from 1
  readonly count: number;
}

export function parseShard(text: string): Shard {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || index < 1 || index > count)
    throw new InvalidArgumentError('It must be I/N with I from 1 to N, as in 2/16.');
  return { index, count };
}
