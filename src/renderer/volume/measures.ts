import type { SegmentStatistics } from '../../domain/segmentStatistics.js';

/** A measured value as it is read: its name, its numbers and their unit. */
export interface Measure {
  readonly name: string;
  readonly value: string;
}

/** As many digits as are worth reading: 0.0123, 1.23, 12.3, 1230, 12,300. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  const decimals = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(size))));
  return value.toLocaleString('en', {
    maximumFractionDigits: decimals,
    useGrouping: size >= 10_000,
  });
}

const withUnit = (value: string, unit: string): string =>
  unit === '' ? value : `${value} ${unit}`;

/** What a panel says of a segment; what was not measured is left out. */
export function describeMeasures({
  voxelCount,
  volumeMl,
  longestAxisMm,
  acrossAxesMm,
  values,
}: SegmentStatistics): readonly Measure[] {
  const volume =
    volumeMl === null
      ? `${voxelCount.toLocaleString('en')} voxels`
      : `${digits(volumeMl)} mL (${digits(1000 * volumeMl)} mm³)`;
  const measures: Measure[] = [{ name: 'Volume', value: volume }];
  if (longestAxisMm !== null && acrossAxesMm !== null)
    measures.push({
      name: 'Axes',
      value: `${[longestAxisMm, ...acrossAxesMm].map((mm) => mm.toFixed(1)).join(' × ')} mm`,
    });
  if (values !== null) {
    const { mean, deviation, minimum, maximum, unit } = values;
    measures.push(
      { name: 'Mean ± SD', value: withUnit(`${digits(mean)} ± ${digits(deviation)}`, unit) },
      { name: 'Range', value: withUnit(`${digits(minimum)} to ${digits(maximum)}`, unit) },
    );
  }
  return measures;
}
