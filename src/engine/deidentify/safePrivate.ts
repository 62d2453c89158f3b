import type { AttributeKind } from './profile.js';

/**
 * Private attributes known to hold no identity, by their creator: group and last two digits of the element. The part of
 * PS3.15 Table E.3.10-1 that measurements depend on (diffusion, SUV, CT technique); the rest is removed.
 */
const SAFE: Readonly<Record<string, readonly string[]>> = {
  'Philips PET Private Group': ['705300', '705309'],
  'Philips MR Imaging DD 001': ['20050d', '20050e'],
  'Philips Imaging DD 001': ['200103', '200104'],
  'SIEMENS MR HEADER': ['00190c', '00190d', '00190e', '001927'],
  ELSCINT1: ['00e121', '01e126', '01e150', '01f101', '01f107', '01f126', '01f127'],
  GEMS_ACQU_01: ['001923', '001924', '001927', '00199e'],
  GEMS_SERS_01: ['002507'],
  GEMS_PARM_01: ['004327', '00436f', '004339'],
  GEMS_HELIOS_01: ['004501', '004502'],
};

/** The element that reserves a block for a creator stays where the creator has safe attributes. */
const isReservation = (tag: string): boolean => /^00(?:[1-9a-f][0-9a-f])$/.test(tag.slice(4));

export const isSafePrivate = ({ tag, vr, privateCreator }: AttributeKind): boolean =>
  Object.hasOwn(SAFE, privateCreator) &&
  (isReservation(tag)
    ? vr === 'LO'
    : vr !== 'UN' &&
      vr !== 'SQ' &&
      SAFE[privateCreator]?.includes(tag.slice(0, 4) + tag.slice(6)) === true);
