import dcmjs from 'dcmjs';

/** 'x00100010' or '00100010' -> '(0010,0010)'. */
export const punctuate = (tag: string): string => {
  const digits = tag.replace(/^x/, '').toUpperCase();
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
};

/** What DICOM calls an attribute and how its value is kept; null where the dictionary does not have it. */
export function lookUp(tag: string): { readonly keyword: string; readonly vr: string } | null {
  // Repeating groups: the dictionary lists them once, with letters in place of digits.
  if (/^(?:50|60)/.test(tag)) return null;
  const entry = dcmjs.data.DicomMetaDictionary.dictionary[punctuate(tag)];
  if (entry === undefined) return null;
  const vr = { ox: 'OW', xs: 'US' }[entry.vr] ?? entry.vr;
  return { keyword: entry.name.replace(/^RETIRED_/, ''), vr };
}
