import type { Quantity } from '../../domain/measurement.js';
import type { CodedConcept } from '../../domain/segmentation.js';

const code = (scheme: string) => (value: string, meaning: string) =>
  ({ value, scheme, meaning }) satisfies CodedConcept;
const dcm = code('DCM');
const sct = code('SCT');
const ucum = code('UCUM');

/** Concepts of TID 1500 and the templates in it (PS3.16). */
export const concepts = {
  report: dcm('126000', 'Imaging Measurement Report'),
  language: dcm('121049', 'Language of Content Item and Descendants'),
  english: code('RFC5646')('en', 'English'),
  observerType: dcm('121005', 'Observer Type'),
  person: dcm('121006', 'Person'),
  personName: dcm('121008', 'Person Observer Name'),
  procedureReported: dcm('121058', 'Procedure reported'),
  imagingProcedure: sct('363679005', 'Imaging procedure'),
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  measurements: dcm('126010', 'Imaging Measurements'),
  group: dcm('125007', 'Measurement Group'),
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUid: dcm('112040', 'Tracking Unique Identifier'),
  region: dcm('111030', 'Image Region'),
  path: dcm('121055', 'Path'),
  comment: dcm('121106', 'Comment'),
  derivation: dcm('121401', 'Derivation'),
} as const;

const derivations: Readonly<Partial<Record<Quantity['name'], CodedConcept>>> = {
  mean: sct('373098007', 'Mean'),
  deviation: sct('386136009', 'Standard Deviation'),
  minimum: sct('255605001', 'Minimum'),
  maximum: sct('56851009', 'Maximum'),
};

const sizes: Readonly<Partial<Record<Quantity['name'], CodedConcept>>> = {
  length: sct('410668003', 'Length'),
  'long-axis': sct('103339001', 'Long axis'),
  'short-axis': sct('103340004', 'Short axis'),
  angle: sct('1483009', 'Angle'),
  area: sct('42798000', 'Area'),
};

/** What a pixel's value is: DICOM has words for CT and MR, and none for pixels in general. */
function nameValues(modality: string, unit: string): CodedConcept {
  if (unit === 'HU') return dcm('112031', 'Attenuation Coefficient');
  if (modality === 'MR') return dcm('110852', 'MR signal intensity');
  return code(PRIVATE_SCHEME.CodingSchemeDesignator)('pixel-value', 'Pixel value');
}

export const PRIVATE_SCHEME = {
  CodingSchemeDesignator: '99IBIS',
  CodingSchemeName: 'Codes of Ibis',
} as const;

/** What was measured, and how it was derived from the pixels of a region where it was. */
export function nameQuantity(
  { name, unit }: Quantity,
  modality: string,
): { readonly concept: CodedConcept; readonly derivation: CodedConcept | null } {
  const size = sizes[name];
  if (size !== undefined) return { concept: size, derivation: null };
  return { concept: nameValues(modality, unit), derivation: derivations[name] ?? null };
}

const units: Readonly<Record<string, CodedConcept>> = {
  mm: ucum('mm', 'millimeter'),
  mm2: ucum('mm2', 'square millimeter'),
  px: ucum('{pixels}', 'pixels'),
  px2: ucum('{pixels}2', 'square pixels'),
  deg: ucum('deg', 'degree'),
  HU: ucum("[hnsf'U]", 'Hounsfield unit'),
  BQML: ucum('Bq/ml', 'Becquerels/milliliter'),
  '': ucum('1', 'no units'),
};

/** A unit of ours or of a file (Rescale Type, Units) in UCUM; unknown ones stand as an annotation, as UCUM has it. */
export const nameUnit = (unit: string): CodedConcept =>
  units[unit] ?? ucum(`{${unit.replaceAll(/[^\x21-\x7e]|[{}]/g, '').slice(0, 14)}}`, unit);
