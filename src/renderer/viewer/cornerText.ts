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

/** Lines of the two upper corners; those with nothing to say are left out. Files of other kinds name no patient. */
export function describeStudy(study: StudySummary): {
  readonly name: string;
  readonly left: readonly string[];
  readonly right: readonly string[];
} {
  const born =
    study.patientBirthDate === '' ? '' : `born ${formatDicomDate(study.patientBirthDate)}`;
  const details = [study.patientId, study.patientSex, born].filter((part) => part !== '');
  const isNamed = study.patientName !== '' || details.length > 0;
  return {
    name: isNamed ? formatPatientName(study.patientName) : '',
    left: [details.join('  ')].filter((line) => line !== ''),
    right: [formatDicomDate(study.studyDate), study.studyDescription].filter((line) => line !== ''),
  };
}
