/** Takes a patient's identity out of DICOM objects and of what is made of them (PS3.15, Annex E). */
import type { Deidentification } from '../../contract/deidentification.js';
import { parseFileHeader } from '../dicom/parseFileHeader.js';
import { parseHeader } from '../dicom/readHeader.js';
import { deidentifyElements, nameInCopies } from './deidentifyElements.js';
import { readElementTree } from './elements.js';
import { cleanDescription, findIdentifiers, removeIdentifiers } from './identifiers.js';
import { encodeHead } from './part10.js';
import { createPseudonyms } from './pseudonyms.js';
import type { Pseudonyms } from './pseudonyms.js';

export { deidentifyFiles } from './deidentifyFiles.js';
export { loadKey } from './pseudonyms.js';
export { previewFiles } from './previewFiles.js';

/** The options of one export and the stand-ins that all its files share. */
export interface Deidentifier {
  readonly options: Deidentification;
  readonly pseudonyms: Pseudonyms;
  /** A UID as it stands in de-identified files; itself where UIDs are retained. */
  readonly mapUid: (uid: string) => string;
  /**
   * The same DICOM object without identity. `parts` are written one after the other; the first is a whole Part 10 file
   * but for its pixel data, and the only one that is changed.
   */
  changeObject(parts: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[];
  /** For names and texts that go into other files: removes the words that identify the patient of this DICOM file. */
  textCleaner(sourceFile: string): (text: string) => string;
  /** What the patient of this DICOM file is called in the copies. */
  patientNameIn(sourceFile: string): string;
}

export function createDeidentifier(options: Deidentification, key: Uint8Array): Deidentifier {
  const pseudonyms = createPseudonyms(key);
  return {
    options,
    pseudonyms,
    mapUid: (uid) => (options.retainUids ? uid : pseudonyms.mapUid(uid)),
    changeObject: (parts) => {
      const [first, ...rest] = parts instanceof Uint8Array ? [parts] : parts;
      if (first === undefined) return [];
      const parsed = parseHeader(first, true);
      if (parsed === 'need-more') throw new Error('a whole object needs no more');
      const tree = readElementTree(parsed.dataSet);
      if (tree.pixels !== null) throw new Error('pixel data belong into a part of their own');
      const { elements } = deidentifyElements(tree, options, pseudonyms);
      return [encodeHead(elements, parsed.transferSyntaxUID), ...rest];
    },
    patientNameIn: (sourceFile) =>
      nameInCopies(readElementTree(parseFileHeader(sourceFile).dataSet), options, pseudonyms),
    textCleaner: (sourceFile) => {
      const { elements, decode } = readElementTree(parseFileHeader(sourceFile).dataSet);
      const identifiers = findIdentifiers(elements, decode, options.dates === 'keep');
      return (text) =>
        options.cleanDescriptors
          ? cleanDescription(text, identifiers)
          : removeIdentifiers(text, identifiers);
    },
  };
}
