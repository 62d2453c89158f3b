import type { MeasurementKind, Quantity } from '../../domain/measurement.js';

const SIGNS: Readonly<Record<string, string>> = { mm2: 'mm²', px2: 'px²', deg: '°' };

const show = (value: number): string =>
  Number.isInteger(value)
    ? String(value)
    : Math.abs(value) >= 100
      ? value.toFixed(0)
      : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);

const withUnit = (text: string, unit: string): string =>
  unit === '' ? text : `${text} ${SIGNS[unit] ?? unit}`;

/** What a measurement tells, in lines for the image: size first. */
export function describeQuantities(
  kind: MeasurementKind,
  quantities: readonly Quantity[],
): readonly string[] {
  const find = (name: Quantity['name']): Quantity | undefined =>
    quantities.find((quantity) => quantity.name === name);
  const [size, second] = quantities;
  switch (kind) {
    case 'arrow':
      return [];
    case 'length':
      return size === undefined ? [] : [withUnit(show(size.value), size.unit)];
    case 'angle':
      return size === undefined ? [] : [`${size.value.toFixed(1)}°`];
    case 'bidirectional':
      return size === undefined || second === undefined
        ? []
        : [withUnit(`${show(size.value)} × ${show(second.value)}`, size.unit)];
    case 'ellipse':
    case 'rectangle': {
      if (size === undefined) return ['reaches beyond the image'];
      const [mean, deviation] = [find('mean'), find('deviation')];
      const [minimum, maximum] = [find('minimum'), find('maximum')];
      return [
        withUnit(show(size.value), size.unit),
        ...(mean === undefined || deviation === undefined
          ? []
          : [withUnit(`mean ${show(mean.value)} ± ${show(deviation.value)}`, mean.unit)]),
        ...(minimum === undefined || maximum === undefined
          ? []
          : [withUnit(`${show(minimum.value)} to ${show(maximum.value)}`, minimum.unit)]),
      ];
    }
  }
}
