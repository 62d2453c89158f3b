/** Takes a patient's identity out of DICOM objects and of what is made of them (PS3.15, Annex E). */
import type { Deidentification } from '../../contract/deidentification.js';
import { parseFileHeader } from '../dicom/parseFileHeader.js';
import { parseHeader } from '../dicom/readHeader.js';
import { deidentifyElements, mapUidsInText, nameInCopies } from './deidentifyElements.js';
import { readElementTree } from './elements.js';
import { cleanDescription, findIdentifiers, removeIdentifiers } from './identifiers.js';
import type { Identifiers } from './identifiers.js';
import { encodeHead } from './part10.js';
import { createPseudonyms } from './pseudonyms.js';
import type { Pseudonyms } from './pseudonyms.js';
import { moveMoment } from './values.js';

export { copyBareImages } from './bareImages.js';
export { deidentifyFiles } from './deidentifyFiles.js';
export { loadKey } from './pseudonyms.js';
export { previewFiles } from './previewFiles.js';

/** The options of one export and the stand-ins that all its files share. */
export interface Deidentifier {
  readonly options: Deidentification;
  readonly pseudonyms: Pseudonyms;
  /** A UID as it stands in de-identified files; itself where UIDs are retained. */
  readonly mapUid: (uid: string) => string;
  /** An identifier of the workstation's own database, which may have been made of UIDs; itself where UIDs are retained. */
  readonly mapId: (id: string) => string;
  /**
   * The same DICOM object without identity. `parts` are written one after the other; the first is a whole Part 10 file
   * but for its pixel data, and the only one that is changed.
   */
  changeObject(parts: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[];
  /**
   * For names and texts that go into other files: removes the words that identify the patient of this DICOM file. Null:
   * there is none, so no words are known.
   */
  textCleaner(sourceFile: string | null): (text: string) => string;
  /**
   * For the moments (ISO 8601) at which work was done on `subject`, a patient or a series: they order a history, so they
   * cannot be taken away. Unless dates are kept they move by whole days, which are not those of the images' dates: when
   * something was annotated may be guessed, and must not tell when it was acquired.
   */
  momentMover(subject: string): (moment: string) => string;
  /** What the patient of this DICOM file is called in the copies. */
  patientNameIn(sourceFile: string): string;
}

export function createDeidentifier(options: Deidentification, key: Uint8Array): Deidentifier {
  const pseudonyms = createPseudonyms(key);
  return {
    options,
    pseudonyms,
    mapUid: (uid) => (options.retainUids ? uid : pseudonyms.mapUid(uid)),
    mapId: (id) => (options.retainUids ? id : pseudonyms.mapId(id)),
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
      const identifiers = findWords(sourceFile, options);
      return (text) => {
        const mapped = mapUidsInText(text, options, pseudonyms);
        return options.cleanDescriptors
          ? cleanDescription(mapped, identifiers)
          : removeIdentifiers(mapped, identifiers);
      };
    },
    momentMover: (subject) => {
      if (options.dates === 'keep') return (moment) => moment;
      const days = pseudonyms.shiftOf(`work on ${subject}`);
      return (moment) => moveMoment(moment, days);
    },
  };
}

const NOBODY: Identifiers = { words: new Set(), places: new Set() };

function findWords(sourceFile: string | null, { dates }: Deidentification): Identifiers {
  if (sourceFile === null) return NOBODY;
  const { elements, decode } = readElementTree(parseFileHeader(sourceFile).dataSet);
  return findIdentifiers(elements, decode, dates === 'keep');
}
