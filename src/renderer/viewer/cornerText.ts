import type { IntensityWindow, StudySummary } from '../../domain/study.js';
import { formatDicomDate, formatPatientName } from '../ui/format.js';
import type { CursorReading } from './viewerApi.js';

/** Enough digits to tell two pixels apart, no more. */
function showValue(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(4);
}

/** 'W 350  L 40'; fractions only where the range is small. */
export function describeWindow({ centre, width }: IntensityWindow): string {
  const digits = width >= 20 ? 0 : width >= 2 ? 1 : 3;
  return `W ${width.toFixed(digits)}  L ${centre.toFixed(digits)}`;
}

/** 'x 120  y 88  42 HU' */
export function describeReading({ column, row, values, unit }: CursorReading): string {
  const value = values === null ? '' : values.map(showValue).join(', ');
  return `x ${String(column)}  y ${String(row)}  ${value} ${values === null ? '' : unit}`.trimEnd();
}

export function describePatient(study: StudySummary): {
  readonly name: string;
  readonly details: string;
  readonly study: string;
} {
  const born =
    study.patientBirthDate === '' ? '' : `born ${formatDicomDate(study.patientBirthDate)}`;
  return {
    name: formatPatientName(study.patientName),
    details: [study.patientId, study.patientSex, born].filter((part) => part !== '').join('  '),
    study: [formatDicomDate(study.studyDate), study.studyDescription]
      .filter((part) => part !== '')
      .join('  '),
  };
}
