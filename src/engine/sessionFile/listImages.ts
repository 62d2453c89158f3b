import { closeSync, openSync, readSync } from 'node:fs';

import type { Series } from '../../domain/study.js';
import type { Library } from '../dicom/index.js';
import type { SessionFileMember } from './writeSessionFile.js';

const PNG_MAGIC = [0x89, 0x50];

/** What a stored image is called in the file: the library reads what it is from its bytes, people from its name. */
function suffixOf(file: string, sourceKind: Series['sourceKind']): 'dcm' | 'nii' | 'png' | 'jpg' {
  if (sourceKind === 'dicom') return 'dcm';
  if (sourceKind === 'nifti') return 'nii';
  const head = Buffer.alloc(PNG_MAGIC.length);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, head, 0, head.length, 0);
  closeSync(descriptor);
  return PNG_MAGIC.every((byte, at) => head[at] === byte) ? 'png' : 'jpg';
}

/** All files of a series, of every phase; one that holds several images once. */
export function listImageFiles(library: Library, series: Series): readonly string[] {
  const files = series.volumes.flatMap(({ phaseIndex }) =>
    library.getInstances(series.seriesId, phaseIndex).map(({ file }) => file),
  );
  return [...new Set(files)];
}

/** By numbers: names of files may name patients. */
export const nameImages = (
  files: readonly string[],
  { sourceKind }: Pick<Series, 'sourceKind'>,
): SessionFileMember[] =>
  files.map((source, at) => ({
    path: `images/${String(at).padStart(6, '0')}.${suffixOf(source, sourceKind)}`,
    source,
  }));
