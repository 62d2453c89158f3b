import type { DataSet } from 'dicom-parser';

import {
  getItems,
  getNumber,
  getString,
  getText,
  getUint16,
  makeTextDecoder,
} from '../dicom/attributes.js';
import { parseFileHeader } from '../dicom/parseFileHeader.js';
import type { FileHeader } from '../dicom/parseFileHeader.js';

/** Attributes of patient, study and frame of reference that a derived object carries on, by keyword. */
const COPIED = {
  // Type 2: present, perhaps empty.
  required: {
    PatientName: 'x00100010',
    PatientID: 'x00100020',
    PatientBirthDate: 'x00100030',
    PatientSex: 'x00100040',
    StudyDate: 'x00080020',
    StudyTime: 'x00080030',
    AccessionNumber: 'x00080050',
    ReferringPhysicianName: 'x00080090',
    StudyID: 'x00200010',
  },
  // Only where the source has a value.
  optional: {
    IssuerOfPatientID: 'x00100021',
    PatientAge: 'x00101010',
    PatientSize: 'x00101020',
    PatientWeight: 'x00101030',
    StudyDescription: 'x00081030',
    LongitudinalTemporalInformationModified: 'x00280303',
  },
} as const;

/** The header of one source file, as far as a derived object takes it over. */
export interface SourceHeader {
  /** Patient, study: keyword -> text, ready for the writer. */
  readonly carriedOn: Readonly<Record<string, unknown>>;
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly seriesNumber: string;
  readonly frameOfReferenceUID: string; // '' when absent
  readonly positionReferenceIndicator: string;
  readonly patientOrientation: readonly string[]; // [] when absent
  readonly bodyPart: string;
  readonly sliceThicknessMm: string; // '' when absent
  /** Where the source was once compressed with loss, so is what derives from it. */
  readonly lossy: {
    readonly ratios: readonly string[];
    readonly methods: readonly string[];
  } | null;
}

function readDeidentification(dataSet: DataSet): Record<string, unknown> {
  const decode = makeTextDecoder(dataSet);
  if (getString(dataSet, 'x00120062') !== 'YES') return {};
  const method = getText(dataSet, 'x00120063', decode);
  const codes = getItems(dataSet, 'x00120064').map((item) => ({
    CodeValue: getString(item, 'x00080100'),
    CodingSchemeDesignator: getString(item, 'x00080102'),
    CodeMeaning: getText(item, 'x00080104', decode),
  }));
  return {
    PatientIdentityRemoved: 'YES',
    ...(method === '' ? {} : { DeidentificationMethod: method.split('\\') }),
    ...(codes.length === 0 ? {} : { DeidentificationMethodCodeSequence: codes }),
  };
}

/** Slice thickness of a frame: at the top, or in the functional groups of an enhanced image. */
function readSliceThickness(dataSet: DataSet): string {
  const top = getString(dataSet, 'x00180050');
  if (top !== '') return top;
  for (const groups of ['x52009229', 'x52009230'])
    for (const item of getItems(dataSet, groups))
      for (const measures of getItems(item, 'x00289110')) {
        const found = getString(measures, 'x00180050');
        if (found !== '') return found;
      }
  return '';
}

/** Defined terms of LossyImageCompressionMethod (PS3.3 C.7.6.1.1.5) by transfer syntax. */
const LOSSY_METHODS: Readonly<Record<string, { readonly term: string; readonly always: boolean }>> =
  {
    '1.2.840.10008.1.2.4.50': { term: 'ISO_10918_1', always: true },
    '1.2.840.10008.1.2.4.51': { term: 'ISO_10918_1', always: true },
    '1.2.840.10008.1.2.4.81': { term: 'ISO_14495_1', always: true },
    '1.2.840.10008.1.2.4.91': { term: 'ISO_15444_1', always: false },
    '1.2.840.10008.1.2.4.203': { term: 'ISO_15444_15', always: false },
  };

/** What the file says of its loss; what it leaves out is told from how it is stored. */
function readLossy({ dataSet, transferSyntaxUID, fileBytes }: FileHeader): SourceHeader['lossy'] {
  const method = LOSSY_METHODS[transferSyntaxUID];
  if (getString(dataSet, 'x00282110') !== '01' && method?.always !== true) return null;
  const parts = (tag: string): string[] =>
    getString(dataSet, tag)
      .split('\\')
      .filter((part) => part !== '');
  const pixelBytes =
    (getUint16(dataSet, 'x00280010') ?? 0) *
    (getUint16(dataSet, 'x00280011') ?? 0) *
    (getUint16(dataSet, 'x00280002') ?? 1) *
    Math.ceil((getUint16(dataSet, 'x00280100') ?? 8) / 8) *
    (getNumber(dataSet, 'x00280008') ?? 1);
  const ratios = parts('x00282112');
  const methods = parts('x00282114');
  return {
    ratios: ratios.length > 0 ? ratios : [(pixelBytes / fileBytes).toFixed(2)],
    methods: methods.length > 0 || method === undefined ? methods : [method.term],
  };
}

export function readSourceHeader(file: string): SourceHeader {
  const source = parseFileHeader(file);
  const { dataSet } = source;
  const decode = makeTextDecoder(dataSet);
  const carriedOn: Record<string, unknown> = {};
  for (const [keyword, tag] of Object.entries(COPIED.required))
    carriedOn[keyword] = getText(dataSet, tag, decode);
  for (const [keyword, tag] of Object.entries(COPIED.optional)) {
    const value = getText(dataSet, tag, decode);
    if (value !== '') carriedOn[keyword] = value;
  }
  return {
    carriedOn: { ...carriedOn, ...readDeidentification(dataSet) },
    studyInstanceUID: getString(dataSet, 'x0020000d'),
    seriesInstanceUID: getString(dataSet, 'x0020000e'),
    seriesNumber: getString(dataSet, 'x00200011'),
    frameOfReferenceUID: getString(dataSet, 'x00200052'),
    positionReferenceIndicator: getText(dataSet, 'x00201040', decode),
    patientOrientation: getString(dataSet, 'x00200020')
      .split('\\')
      .filter((side) => side !== ''),
    bodyPart: getString(dataSet, 'x00180015'),
    sliceThicknessMm: readSliceThickness(dataSet),
    lossy: readLossy(source),
  };
}
