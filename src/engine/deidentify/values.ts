/** Stand-ins and changed values, as DICOM writes them. */

export const ANONYMIZED = 'ANONYMIZED';

/** A value that is valid and says nothing (PS3.15 E.2: "dummy"). */
export function dummyOf(vr: string, bytes: number): string | Uint8Array {
  switch (vr) {
    case 'DA':
      return '19000101';
    case 'DT':
      return '19000101000000';
    case 'TM':
      return '000000';
    case 'AS':
      return '000Y';
    case 'DS':
    case 'IS':
      return '0';
    case 'AE':
    case 'CS':
    case 'LO':
    case 'LT':
    case 'PN':
    case 'SH':
    case 'ST':
    case 'UC':
    case 'UT':
      return ANONYMIZED;
    default:
      return new Uint8Array(bytes);
  }
}

const MS_A_DAY = 86_400_000;

/** 'YYYYMMDD', with whatever follows it, some days earlier; '' for what is no date. */
function shiftOne(text: string, days: number): string {
  const match = /^(\d{4})(\d{2})(\d{2})(.*)$/s.exec(
    text.replace(/^(\d{4})\.(\d{2})\.(\d{2})$/, '$1$2$3'),
  );
  if (match === null) return '';
  const [, year, month, day, rest = ''] = match;
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day)) - days * MS_A_DAY;
  if (!Number.isFinite(at)) return '';
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '') + rest;
}

/** Dates and date-times move by whole days, so that intervals, weekday patterns aside, stay; times of day stay. */
export const shiftDates = (text: string, vr: string, days: number): string =>
  vr === 'DA' || vr === 'DT'
    ? text
        .split('\\')
        .map((part) => shiftOne(part.trim(), days))
        .join('\\')
    : text.trim();

/** ISO 8601, some days earlier; the epoch for what is no moment. */
export function moveMoment(moment: string, days: number): string {
  const at = Date.parse(moment) - days * MS_A_DAY;
  return new Date(Number.isFinite(at) ? at : 0).toISOString();
}
