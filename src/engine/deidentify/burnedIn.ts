import type { DataSet } from 'dicom-parser';

import { getString, getUint16 } from '../dicom/attributes.js';

/** SOP classes whose pixels often show the patient's name: screenshots, ultrasound, photographs and films of a camera. */
const KNOWN_FOR_IT: readonly (readonly [stem: string, what: string])[] = [
  ['1.2.840.10008.5.1.4.1.1.7', 'secondary capture'],
  ['1.2.840.10008.5.1.4.1.1.6', 'ultrasound'],
  ['1.2.840.10008.5.1.4.1.1.3', 'ultrasound'],
  ['1.2.840.10008.5.1.4.1.1.77.1', 'photograph'],
];
const ULTRASOUND = new Set(['US', 'IVUS']);
const CAPTURED = /SCREEN|DOSE_INFO|DOSE REPORT|CAPTURE/;

const isOfClass = (uid: string, stem: string): boolean =>
  uid === stem || uid.startsWith(`${stem}.`);

/** Why the pixels may identify the patient; null where nothing says so. */
export function findBurnedIn(dataSet: DataSet): string | null {
  const stated = getString(dataSet, 'x00280301').toUpperCase();
  if (stated === 'YES') return 'say that text is burned into their pixels';
  for (let group = 0x6000; group <= 0x601e; group += 2) {
    const position = getUint16(dataSet, `x${group.toString(16)}0102`);
    if (position !== null && position > 0)
      return 'have an overlay inside their pixels, which may hold text';
  }
  if (stated === 'NO') return null;
  const sopClass = getString(dataSet, 'x00080016');
  const known = KNOWN_FOR_IT.find(([stem]) => isOfClass(sopClass, stem))?.[1];
  if (known !== undefined) return `are of a kind that often shows names (${known})`;
  if (ULTRASOUND.has(getString(dataSet, 'x00080060')))
    return 'are of a kind that often shows names (ultrasound)';
  return CAPTURED.test(getString(dataSet, 'x00080008').toUpperCase())
    ? 'look like screenshots, which often show names'
    : null;
}

const SHOWS_A_FACE = /^(?:HEAD|BRAIN|SKULL|FACE|HEADNECK|NECK|ORBIT|SINUS|IAC)$/;
const IN_SLICES = new Set(['CT', 'MR', 'PT']);

/** Slices of a head: its surface is the patient's face. */
export const mayShowFace = (dataSet: DataSet): boolean =>
  IN_SLICES.has(getString(dataSet, 'x00080060')) &&
  SHOWS_A_FACE.test(getString(dataSet, 'x00180015').toUpperCase());
