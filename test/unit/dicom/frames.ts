import type { ImageId } from '../../../src/domain/brand.js';
import type { Vec3 } from '../../../src/domain/geometry.js';
import type { ImageInfo } from '../../../src/domain/study.js';
import type { PhaseKeys, StoredFrame } from '../../../src/engine/dicom/types.js';

const noKeys: PhaseKeys = {
  segment: null,
  temporalPosition: null,
  triggerMs: null,
  echoMs: null,
  bValue: null,
  acquisitionNumber: null,
  imageType: '',
};

/** A stored frame for tests of grouping: axial, 4 x 3, 16-bit, no pixels behind it. */
export function makeFrame(
  instanceNumber: number,
  position: Vec3 | null,
  overrides: { info?: Partial<ImageInfo>; keys?: Partial<PhaseKeys> } = {},
): StoredFrame {
  const info: ImageInfo = {
    imageId: `image-${String(instanceNumber)}` as ImageId,
    sopInstanceUID: `2.25.${String(instanceNumber)}`,
    sopClassUID: '',
    frameNumber: 1,
    instanceNumber,
    rows: 3,
    columns: 4,
    samplesPerPixel: 1,
    pixelType: 'int16',
    photometric: 'MONOCHROME2',
    rescaleSlope: 1,
    rescaleIntercept: 0,
    rescaleUnit: '',
    window: null,
    padding: null,
    position,
    columnDirection: position === null ? null : [1, 0, 0],
    rowDirection: position === null ? null : [0, 1, 0],
    spacingMm: { column: 0.5, row: 0.7 },
    ...overrides.info,
  };
  return {
    info,
    keys: { ...noKeys, ...overrides.keys },
    source: { kind: 'png', file: '' },
    sliceSpacingMm: 2,
  };
}
