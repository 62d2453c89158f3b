import { IbisError } from '../../contract/errors.js';
import type { PackedMask } from '../../domain/mask.js';
import { bytesPerSample, viewAs } from '../../domain/pixels.js';
import type { CodedConcept, Segment } from '../../domain/segmentation.js';
import { swapBytes } from '../dicom/pixels.js';
import { readAlgorithmType } from '../export/algorithmType.js';
import { formatColour } from '../export/displayColour.js';
import { makeCode } from './codes.js';
import { addLabelSlice, describeLabels, laySegmentsOnSeries, toLabels } from './labelVolume.js';
import { newSegment } from './newSegment.js';
import { unpackGzip } from './niftiLabels.js';
import { readNrrdHeader } from './nrrdHeader.js';
import type { NrrdHeader } from './nrrdHeader.js';
import type { ImportedSegmentation, SeriesGrid } from './types.js';

/** A segment that 3D Slicer describes in the header, and which value of which layer it is. */
interface NamedSegment {
  readonly facts: Partial<Segment>;
  readonly label: number;
  readonly layer: number;
}

function parseCode(text: string | undefined): CodedConcept | null {
  const [scheme = '', value = '', meaning = ''] = (text ?? '').split('^');
  return makeCode(scheme, value, meaning);
}

/** 'name:value|name:value'. */
function parseTags(text: string): Partial<Segment> {
  const tags = new Map(
    text.split('|').map((tag) => [tag.slice(0, tag.indexOf(':')), tag.slice(tag.indexOf(':') + 1)]),
  );
  // Context name, category, type, modifier, and the same of the region.
  const [, category, type, modifier] = (tags.get('TerminologyEntry') ?? '')
    .split('~')
    .map(parseCode);
  const source = readAlgorithmType(tags.get('DICOM.SegmentAlgorithmType') ?? '');
  return {
    ...(category == null ? {} : { category }),
    ...(type == null ? {} : { type }),
    modifier: modifier ?? null,
    ...(source === null ? {} : { source }),
  };
}

function readSegments({ pairs }: NrrdHeader): readonly NamedSegment[] {
  const named: NamedSegment[] = [];
  for (let n = 0; pairs.has(`Segment${String(n)}_ID`); n++) {
    const field = (name: string): string => pairs.get(`Segment${String(n)}_${name}`) ?? '';
    const colour = field('Color').split(/\s+/).map(Number);
    named.push({
      facts: {
        segmentLabel: field('Name'),
        ...(colour.length === 3 && colour.every(Number.isFinite)
          ? { colour: formatColour(colour.map((value) => value * 255)) }
          : {}),
        ...parseTags(field('Tags')),
      },
      // 3D Slicer before 4.11 has neither: a layer a segment, each of value 1.
      label: pairs.has(`Segment${String(n)}_LabelValue`) ? Number(field('LabelValue')) : 1,
      layer: pairs.has(`Segment${String(n)}_Layer`) ? Number(field('Layer')) : n,
    });
  }
  return named;
}

/** Voxels of each layer by label: layer -> label -> k -> mask. */
function readLayers(
  header: NrrdHeader,
  bytes: Uint8Array,
): readonly ReadonlyMap<number, ReadonlyMap<number, PackedMask>>[] {
  const { layers: count, type, bigEndian } = header;
  const [width, height, slices] = header.geometry.dimensions;
  const sliceBytes = width * height * count * bytesPerSample[type];
  if (bytes.length < sliceBytes * slices)
    throw new IbisError('broken-file', 'The NRRD file is cut short: its voxels are not complete.');
  const masks = Array.from({ length: count }, () => new Map<number, Map<number, PackedMask>>());
  for (let k = 0; k < slices; k++) {
    // A copy: aligned, and its bytes may be swapped.
    const stored = new Uint8Array(bytes.subarray(k * sliceBytes, (k + 1) * sliceBytes));
    if (bigEndian && bytesPerSample[type] > 1) swapBytes(stored, bytesPerSample[type]);
    const labels = toLabels(viewAs(type, stored));
    masks.forEach((ofLayer, layer) => {
      const own = count === 1 ? labels : labels.filter((_, at) => at % count === layer);
      addLabelSlice(ofLayer, own, { width, height }, k);
    });
  }
  return masks;
}

/**
 * An NRRD labelmap, or a `.seg.nrrd` with its segments and layers, on the grid of a series. Numbers are the label values
 * where these differ, else as the segments come. Throws IbisError: 'does-not-fit' with a reason.
 */
export async function readSegNrrd(
  bytes: Uint8Array,
  about: { readonly label: string },
  series: SeriesGrid,
): Promise<ImportedSegmentation> {
  const header = readNrrdHeader(bytes);
  const stored = bytes.subarray(header.dataOffset);
  const layers = readLayers(header, header.encoding === 'gzip' ? await unpackGzip(stored) : stored);
  const named = readSegments(header);
  const lay = (segments: ReturnType<typeof describeLabels>): ImportedSegmentation =>
    laySegmentsOnSeries({ label: about.label, geometry: header.geometry, segments }, series);
  if (named.length === 0) {
    const [only] = layers;
    if (only === undefined || layers.length > 1)
      throw new IbisError(
        'unsupported-format',
        'The NRRD file holds several values at each voxel and does not say which segments they are.',
      );
    return lay(describeLabels(only, new Map()));
  }
  const areNumbers =
    new Set(named.map(({ label }) => label)).size === named.length &&
    named.every(({ label }) => Number.isInteger(label) && label > 0 && label < 65_536);
  return lay(
    named.map(({ facts, label, layer }, n) => ({
      segment: newSegment({ ...facts, segmentNumber: areNumbers ? label : n + 1 }),
      slices: layers[layer]?.get(label) ?? new Map<number, PackedMask>(),
    })),
  );
}
