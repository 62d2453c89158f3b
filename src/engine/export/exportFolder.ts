import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Where the observations of a trace lie, beside it. */
export const TRACE_IMAGES = 'trace_images';

const FILES = ['seg.dcm', 'mask.nii.gz', 'trace.jsonl', 'overlay.png'];

/** What an earlier export left in a folder; other files there are none of our business. */
export function findExportedFiles(folder: string): string[] {
  const imagesDir = path.join(folder, TRACE_IMAGES);
  const images = existsSync(imagesDir) ? readdirSync(imagesDir) : [];
  return [
    ...FILES.map((name) => path.join(folder, name)).filter((file) => existsSync(file)),
    ...images
      .filter((name) => /^step-\d{3,}\.png$/.test(name))
      .map((name) => path.join(imagesDir, name)),
  ];
}

/** The folder itself, or the first of `ibis-2`, `ibis-3`, ... in it that holds no export: none is ever overwritten. */
export function findFreeFolder(folder: string): string {
  let free = folder;
  for (let number = 2; findExportedFiles(free).length > 0; number++)
    free = path.join(folder, `ibis-${String(number)}`);
  return free;
}

/** The same for files of these names: the folder itself where it has none of them. */
export function findFolderWithout(folder: string, names: readonly string[]): string {
  let free = folder;
  const isTaken = (name: string): boolean => existsSync(path.join(free, name));
  for (let number = 2; names.some(isTaken); number++)
    free = path.join(folder, `ibis-${String(number)}`);
  return free;
}

/** Whether a whole export lies there: a `seg.dcm` alone may be anybody's. */
export const holdsTrace = (folder: string): boolean => existsSync(path.join(folder, 'trace.jsonl'));

/** Removes what an earlier export left beside `written`: two results in one folder would pass for one. */
export function removeEarlierExport(folder: string, written: readonly string[]): void {
  for (const file of findExportedFiles(folder)) if (!written.includes(file)) rmSync(file);
}
