/** Lower case without accents, and DICOM's name separators as blanks: 'Müller^Ida' is found by 'ida muller'. */
export const foldForSearch = (text: string): string =>
  text.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll(/[\^=]/g, ' ').toLowerCase();
