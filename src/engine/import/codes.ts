import type { DataSet } from 'dicom-parser';

import type { CodedConcept } from '../../domain/segmentation.js';
import { getFirstItem, getString, getText } from '../dicom/attributes.js';
import type { DecodeText } from '../dicom/attributes.js';

/** What a segment is where a file does not say: as the exporter has it for a structure without a code. */
export const TISSUE: CodedConcept = { value: '85756007', scheme: 'SCT', meaning: 'Tissue' };

/** The first item of a code sequence; null where there is none that could be written again. */
export function readCode(
  dataSet: DataSet | null,
  tag: string,
  decode: DecodeText,
): CodedConcept | null {
  const item = getFirstItem(dataSet, tag);
  if (item === null) return null;
  // Code Value, Long Code Value, URN Code Value: one of the three.
  const value =
    getString(item, 'x00080100') || getString(item, 'x00080119') || getString(item, 'x00080120');
  const scheme = getString(item, 'x00080102');
  const meaning = getText(item, 'x00080104', decode);
  return makeCode(scheme, value, meaning);
}

/** Null where a part is missing or longer than DICOM allows; a meaning is only words, and is cut. */
export function makeCode(scheme: string, value: string, meaning: string): CodedConcept | null {
  if (value === '' || scheme === '' || value.length > 64 || scheme.length > 16) return null;
  return { value, scheme, meaning: toLabel(meaning, value) };
}

/** 1 to 64 characters, without the backslash that separates values in DICOM. */
export function toLabel(text: string, fallback: string): string {
  const label = text
    .replaceAll(/[\\\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 64)
    .trim();
  return label === '' ? fallback : label;
}
