import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Where the observations of a trace lie, beside it. */
export const TRACE_IMAGES = 'trace_images';

const FILES = [
  'seg.dcm',
  'mask.nii.gz',
  'trace.jsonl',
  'overlay.png',
  'llamafactory/ibis.json',
  'llamafactory/dataset_info.json',
  'trl/train.parquet',
  'verl/train.parquet',
];
/** Folders of pictures, and how ours are named. */
const PICTURES = [
  { folder: TRACE_IMAGES, name: /^step-\d{3,}\.png$/ },
  { folder: 'llamafactory/images', name: /^\d{7}\.png$/ },
];

/** What an earlier export of a session left in a folder; other files there are none of our business. */
function findExportedFiles(folder: string): string[] {
  const pictures = PICTURES.flatMap(({ folder: below, name }) => {
    const dir = path.join(folder, below);
    const names = existsSync(dir) ? readdirSync(dir) : [];
    return names.filter((each) => name.test(each)).map((each) => path.join(dir, each));
  });
  return [
    ...FILES.map((name) => path.join(folder, name)).filter((file) => existsSync(file)),
    ...pictures,
  ];
}

/** The folder itself, or the first of `ibis-2`, `ibis-3`, ... in it that is not taken: none is ever overwritten. */
function findFree(folder: string, isTaken: (folder: string) => boolean): string {
  let free = folder;
  for (let number = 2; isTaken(free); number++) free = path.join(folder, `ibis-${String(number)}`);
  return free;
}

/** A folder without any export of a session. */
export const findFreeFolder = (folder: string): string =>
  findFree(folder, (each) => findExportedFiles(each).length > 0);

/** A folder without any file or folder of these names. */
export const findFolderWithout = (folder: string, names: readonly string[]): string =>
  findFree(folder, (each) => names.some((name) => existsSync(path.join(each, name))));

/** Whether a whole export lies there: a `seg.dcm` alone may be anybody's. */
export const holdsTrace = (folder: string): boolean => existsSync(path.join(folder, 'trace.jsonl'));

/** Removes what an earlier export left beside `written`: two results in one folder would pass for one. */
export function removeEarlierExport(folder: string, written: readonly string[]): void {
  for (const file of findExportedFiles(folder)) if (!written.includes(file)) rmSync(file);
}
