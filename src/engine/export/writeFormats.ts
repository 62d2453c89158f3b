import type { ExportResult } from '../../contract/channels.js';
import type { Deidentifier } from '../deidentify/index.js';
import { writeMadeFile } from './madeFile.js';
import type { MadeFile } from './madeFile.js';
import { changeMade } from './withoutIdentity.js';

/** Files of one format; a string says why there is none, or what is to know of it. */
type MakeFiles<Format> = (
  format: Format,
) => readonly (MadeFile | string)[] | Promise<readonly (MadeFile | string)[]>;

/**
 * One format after the other, each written before the next is made: a large segmentation is large in each. DICOM
 * objects go through `deidentifier` where there is one.
 */
export async function writeFormats<Format>(
  formats: readonly Format[],
  makeFiles: MakeFiles<Format>,
  { folder, deidentifier }: { readonly folder: string; readonly deidentifier?: Deidentifier },
): Promise<ExportResult> {
  const files: string[] = [];
  const notes = new Set<string>(); // what goes for several formats is said once
  for (const format of formats)
    for (const made of await makeFiles(format))
      if (typeof made === 'string') notes.add(made);
      else
        files.push(
          await writeMadeFile(
            folder,
            deidentifier === undefined ? made : changeMade(made, deidentifier),
          ),
        );
  return { files, notes: [...notes] };
}
