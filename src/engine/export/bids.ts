import type { CodedConcept, Segment } from '../../domain/segmentation.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Software } from './types.js';

/** Names and tables of a BIDS derivative (BIDS 1.10, "Imaging derivatives": discrete segmentations). */

const stem = (fileName: string): string => fileName.replace(/\.(?:nii(?:\.gz)?|nrrd|dcm)$/i, '');

/** What may stand in a BIDS name: letters without accents and digits, no others. */
const alphanumeric = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/**
 * 'sub-01_T1w.nii.gz', 'Liver and tumour' -> 'sub-01_desc-LiverAndTumour_dseg'. Entities of the source are kept but for
 * its own `desc`; its suffix makes way. A source that is not named so is taken as it is, without strange characters.
 */
export function nameBidsDerivative(sourceName: string, segmentationLabel: string): string {
  const parts = stem(sourceName)
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .split('_')
    .filter((part) => part !== '');
  const entities = parts.filter((part) => /^[a-z]+-/.test(part) && !part.startsWith('desc-'));
  const kept = parts[0]?.startsWith('sub-') === true ? entities : parts;
  const desc = alphanumeric(segmentationLabel) || 'Segmentation';
  return [...(kept.length === 0 ? ['segmentation'] : kept), `desc-${desc}`, 'dseg'].join('_');
}

const formatCode = (code: CodedConcept | null): string =>
  code === null ? 'n/a' : [code.scheme, code.value, code.meaning].join('|');

const COLUMNS = {
  index: 'Voxel value of the segment',
  name: 'Name of the segment',
  color: 'Display colour, as hexadecimal RGB',
  category: 'Category as scheme|code|meaning',
  type: 'Type as scheme|code|meaning',
  modifier: 'Modifier of the type (laterality) as scheme|code|meaning',
  source: 'manual, semiautomatic or automatic',
} as const;

/** `_dseg.tsv`: a line a segment. `index`, `name` and `color` are BIDS', the others are described in the sidecar. */
export function describeLabelTable(segments: readonly Segment[]): string {
  const lines = segments.map((segment) =>
    [
      String(segment.segmentNumber),
      segment.segmentLabel,
      segment.colour,
      formatCode(segment.category),
      formatCode(segment.type),
      formatCode(segment.modifier),
      segment.source,
    ]
      .map((cell) => cell.replaceAll(/[\t\r\n]+/g, ' '))
      .join('\t'),
  );
  return `${[Object.keys(COLUMNS).join('\t'), ...lines].join('\n')}\n`;
}

/** `_dseg.json`. */
export function describeSidecar(
  sourceName: string,
  segmentationLabel: string,
  segments: readonly Segment[],
  software: Software,
): string {
  const sidecar = {
    Description: `${segmentationLabel}. ${RESEARCH_NOTICE}.`,
    Sources: [sourceName],
    SpatialReference: 'orig', // in the space of its source, nothing resampled
    Manual: segments.every(({ source }) => source === 'manual'),
    GeneratedBy: [{ Name: software.name, Version: software.version }],
    ...Object.fromEntries(
      Object.entries(COLUMNS).map(([name, Description]) => [name, { Description }]),
    ),
  };
  return `${JSON.stringify(sidecar, null, 2)}\n`;
}
