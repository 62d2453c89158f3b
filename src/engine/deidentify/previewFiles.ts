import { setImmediate as breathe } from 'node:timers/promises';

import type { AttributeChange, DeidentificationPreview } from '../../contract/deidentification.js';
import { parseFileHeader } from '../dicom/parseFileHeader.js';
import { findBurnedIn, mayShowFace } from './burnedIn.js';
import { deidentifyElements } from './deidentifyElements.js';
import type { Change } from './deidentifyElements.js';
import { readElementTree } from './elements.js';
import type { Deidentifier } from './index.js';

/** Collects what is told of single files. */
export interface Tally {
  add(changes: readonly Change[]): void;
  addBurnedIn(reason: string): void;
  addFace(): void;
  finish(fileCount: number): DeidentificationPreview;
}

const countFiles = (count: number): string => (count === 1 ? '1 file' : `${String(count)} files`);

function describeBurnedIn(reasons: ReadonlyMap<string, number>, leftOut: boolean): string[] {
  return [...reasons].map(([reason, count]) => {
    const told = `${countFiles(count)} ${count === 1 ? reason.replace(/^(say|have|look|are)/, (verb) => SINGULAR[verb] ?? verb).replace('their', 'its') : reason}`;
    return leftOut
      ? `${told}: left out.`
      : `${told}: attributes are cleaned, pixels are not. Look at each image before you pass it on.`;
  });
}

const SINGULAR: Readonly<Record<string, string>> = {
  say: 'says',
  have: 'has',
  look: 'looks',
  are: 'is',
};

const FACE =
  'Slices of a head are among the images: a face can be made visible from them. Remove it with a defacing program where that matters.';

export function createTally(leaveOutBurnedIn: boolean): Tally {
  const rows = new Map<string, { change: Change; values: Set<string>; files: number }>();
  const burnedIn = new Map<string, number>();
  let faces = false;
  return {
    add: (changes) => {
      const seen = new Set<string>(); // an attribute may stand in many items of one file
      for (const change of changes) {
        const key = `${change.tag} ${change.action}`;
        const row = rows.get(key) ?? { change, values: new Set<string>(), files: 0 };
        row.values.add(change.oldValue);
        if (!seen.has(key)) row.files++;
        seen.add(key);
        rows.set(key, row);
      }
    },
    addBurnedIn: (reason) => burnedIn.set(reason, (burnedIn.get(reason) ?? 0) + 1),
    addFace: () => {
      faces = true;
    },
    finish: (fileCount) => ({
      changes: [...rows.values()]
        .map(({ change, values, files }): AttributeChange => {
          return { ...change, valueCount: values.size, fileCount: files };
        })
        .sort((a, b) => (a.tag < b.tag ? -1 : 1)),
      fileCount,
      burnedInCount: [...burnedIn.values()].reduce((sum, count) => sum + count, 0),
      warnings: [...describeBurnedIn(burnedIn, leaveOutBurnedIn), ...(faces ? [FACE] : [])],
    }),
  };
}

/** What de-identifying these DICOM files would change. Nothing is written. Rejects with IbisError. */
export async function previewFiles(
  files: readonly string[],
  { options, pseudonyms }: Deidentifier,
  signal?: AbortSignal,
): Promise<DeidentificationPreview> {
  const tally = createTally(options.leaveOutBurnedIn);
  for (const file of files) {
    signal?.throwIfAborted();
    const { dataSet } = parseFileHeader(file);
    const burnedIn = findBurnedIn(dataSet);
    if (burnedIn !== null) tally.addBurnedIn(burnedIn);
    if (mayShowFace(dataSet)) tally.addFace();
    tally.add(deidentifyElements(readElementTree(dataSet), options, pseudonyms).changes);
    await breathe(); // a study has thousands of files; the window is not to wait
  }
  return tally.finish(files.length);
}
