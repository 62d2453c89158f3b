import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

import type { DeidentificationPreview } from '../../contract/deidentification.js';
import { toErrorShape } from '../../contract/errors.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import { getString } from '../dicom/attributes.js';
import { parseFileHeader } from '../dicom/parseFileHeader.js';
import { toWriteError } from '../export/madeFile.js';
import { findBurnedIn, mayShowFace } from './burnedIn.js';
import { deidentifyElements } from './deidentifyElements.js';
import { readElementTree } from './elements.js';
import type { Deidentifier } from './index.js';
import { writeWithPixels } from './part10.js';
import { createTally } from './previewFiles.js';

export interface DeidentifiedFiles extends DeidentificationPreview {
  readonly files: readonly string[];
  /** By the place in the list that was given: names of files may name patients. */
  readonly refused: readonly (IbisErrorShape & { readonly index: number })[];
}

const MEDIA_DIRECTORY = '1.2.840.10008.1.3.10';

const plain = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]+/g, '-');

/** Names that tell nothing: numbers by the order in which studies, series and images come. */
function createNames(): (study: string, series: string, modality: string) => readonly string[] {
  const studies = new Map<string, number>();
  const seriesOf = new Map<string, number>();
  const imagesOf = new Map<string, number>();
  const numberOf = (of: Map<string, number>, key: string): number => {
    const number = of.get(key) ?? of.size + 1;
    of.set(key, number);
    return number;
  };
  return (study, series, modality) => {
    const image = (imagesOf.get(series) ?? 0) + 1;
    imagesOf.set(series, image);
    return [
      `study-${String(numberOf(studies, study))}`,
      `series-${String(numberOf(seriesOf, `${study} ${series}`))}-${plain(modality) || 'OT'}`,
      `${String(image).padStart(5, '0')}.dcm`,
    ];
  };
}

/** Whether the source cannot be read, which is its own fault alone; else the copies cannot be written. */
const isUnreadable = ({ code }: IbisErrorShape): boolean =>
  code === 'not-dicom' || code === 'broken-file';

/**
 * De-identified copies of DICOM files of any kind, below `outDir` as patient/study/series/image. What cannot be read is
 * refused and told; the rest goes on. Rejects with IbisError where one cannot be written: then nothing of it is left; and
 * when it is cancelled: then the copies made so far stay.
 */
export async function deidentifyFiles(
  files: readonly string[],
  { options, pseudonyms }: Deidentifier,
  to: {
    readonly outDir: string;
    readonly signal?: AbortSignal;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<DeidentifiedFiles> {
  const tally = createTally(options.leaveOutBurnedIn);
  const nameFile = createNames();
  const written: string[] = [];
  const madeFolders: string[] = [];
  const refused: (IbisErrorShape & { readonly index: number })[] = [];

  const copy = async (file: string): Promise<void> => {
    const header = parseFileHeader(file);
    const { dataSet } = header;
    const tree = readElementTree(dataSet);
    if (header.mediaStorageClass === MEDIA_DIRECTORY) return; // an index of names; its files are copied themselves
    const burnedIn = findBurnedIn(dataSet);
    if (burnedIn !== null) tally.addBurnedIn(burnedIn);
    if (burnedIn !== null && options.leaveOutBurnedIn) return;
    if (mayShowFace(dataSet)) tally.addFace();
    const { elements, changes, patientName } = deidentifyElements(tree, options, pseudonyms);
    const [study, series, modality] = ['x0020000d', 'x0020000e', 'x00080060'].map((tag) =>
      getString(dataSet, tag),
    );
    const names = nameFile(study ?? '', series ?? '', modality ?? '');
    const target = path.join(to.outDir, plain(patientName), ...names);
    try {
      const made = await mkdir(path.dirname(target), { recursive: true });
      if (made !== undefined) madeFolders.push(made);
      await writeWithPixels(target, elements, { file, header, tree });
    } catch (thrown) {
      // Half a file is none.
      await rm(target, { force: true });
      if (isUnreadable(toErrorShape(thrown))) throw thrown;
      // Some of a study would be taken for all of it; what else lies there stays.
      for (const place of [...written, ...madeFolders.toReversed()])
        await rm(place, { recursive: true, force: true });
      throw toWriteError(thrown);
    }
    tally.add(changes);
    written.push(target);
  };

  for (const [index, file] of files.entries()) {
    to.signal?.throwIfAborted();
    try {
      await copy(file);
    } catch (thrown) {
      const error = toErrorShape(thrown);
      if (!isUnreadable(error)) throw thrown;
      refused.push({ ...error, index });
    }
    to.onProgress?.(index + 1, files.length);
  }
  return { ...tally.finish(written.length), files: written, refused };
}
