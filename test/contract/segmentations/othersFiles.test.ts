import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { loadSegmentation } from '../../../src/engine/import/index.js';
import type { SeriesGrid } from '../../../src/engine/import/index.js';
import { readSourceHeader } from '../../../src/engine/export/sourceHeader.js';
import { openSource } from '../export/exportCase.js';
import { findShared } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import { gridOf, listVoxels, seriesShapes } from './segmentationCase.js';

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-others-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

async function openGrid(folder: string): Promise<SeriesGrid> {
  const source = await openSource(folder, { axis: 'acquired' }, workDir);
  const { seriesInstanceUID, frameOfReferenceUID } = readSourceHeader(source.images[0]?.file ?? '');
  return {
    geometry: source.geometry,
    seriesInstanceUID,
    frameOfReferenceUID,
    images: source.images.map(({ info }) => info),
  };
}

const refusal = async (place: string, series: SeriesGrid): Promise<string> => {
  try {
    await loadSegmentation(place, series);
  } catch (thrown) {
    if (thrown instanceof IbisError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'read';
};

const voxelsOf = async (
  place: string,
  series: SeriesGrid,
): Promise<readonly (readonly string[])[]> =>
  Object.values(listVoxels((await loadSegmentation(place, series)).data)).filter(
    (voxels) => voxels.length > 0,
  );

// The same segmentations as DICOM SEG and as NRRD, both written by dcmqi, each beside its images.
const dcmqi = findShared('dicom_conformance/dcmqi/segmentations') ?? '';
const pairs = [
  { seg: 'liver.dcm', nrrds: ['liver_seg.nrrd'], images: 'ct-3slice' },
  {
    seg: 'partial_overlaps.dcm',
    nrrds: ['partial_overlaps-1.nrrd', 'partial_overlaps-2.nrrd', 'partial_overlaps-3.nrrd'],
    images: 'ct-3slice',
  },
  { seg: '23x38x3/seg/label.seg', nrrds: ['23x38x3/nrrd/label.nrrd'], images: '23x38x3/image' },
  {
    seg: '23x38x3/seg/label.seg',
    nrrds: ['23x38x3/nrrd/label.nrrd'],
    images: '23x38x3/multiframe',
  },
  {
    seg: 'sparse-labelmap-noppv.dcm',
    nrrds: ['sparse_labelmap_noppv_seg.nrrd'],
    images: '24x38x3/image',
  },
];

describe.skipIf(dcmqi === '')('segmentations that dcmqi wrote', () => {
  it.each(pairs)(
    'are the same voxels as DICOM and as NRRD: $seg on $images',
    async ({ seg, nrrds, images }) => {
      const series = await openGrid(path.join(dcmqi, images));
      const fromDicom = await voxelsOf(path.join(dcmqi, seg), series);
      const fromNrrd = (
        await Promise.all(nrrds.map((nrrd) => voxelsOf(path.join(dcmqi, nrrd), series)))
      ).flat();
      expect(fromDicom.length).toBeGreaterThan(0);
      const sorted = (segments: readonly (readonly string[])[]) =>
        segments.map((voxels) => voxels.toSorted().join(' ')).sort();
      expect(sorted(fromDicom)).toEqual(sorted(fromNrrd));
    },
  );

  it('are refused on a series of another place, and on another grid', async () => {
    const series = await openGrid(path.join(dcmqi, 'ct-3slice'));
    expect(await refusal(path.join(dcmqi, '23x38x3/seg/label.seg'), series)).toMatch(
      /^does-not-fit: .*another frame of reference/,
    );
    expect(await refusal(path.join(dcmqi, '23x38x3/nrrd/label.nrrd'), series)).toMatch(
      /^does-not-fit: /,
    );
  });
});

const rtStruct = findShared('dicom_conformance/pydicom/rtstruct.dcm');

describe('files that are no segmentation of this series', () => {
  it.skipIf(rtStruct === null || dcmqi === '')(
    'are refused with a sentence: a structure set of other images, an image',
    async () => {
      const series = await openGrid(path.join(dcmqi, 'ct-3slice'));
      expect(await refusal(rtStruct ?? '', series)).toMatch(/^does-not-fit: The structure set/);
      expect(await refusal(path.join(dcmqi, 'ct-3slice/01.dcm'), series)).toMatch(
        /^unsupported-format: This DICOM file is no segmentation/,
      );
    },
  );

  it('are refused with a sentence: STL, an image as NIfTI or NRRD, text, nothing at all', async () => {
    const folder = path.join(workDir, 'source');
    writeSource(folder, seriesShapes[0]?.shape ?? expect.fail());
    const series = gridOf(await openSource(folder, { axis: 'acquired' }, workDir));
    const write = (name: string, content: string | Uint8Array): string => {
      const place = path.join(workDir, name);
      writeFileSync(place, content);
      return place;
    };
    const nrrd = (lines: string, bytes: readonly number[] = []): Buffer =>
      Buffer.concat([Buffer.from(`NRRD0004\n${lines}\n\n`), Buffer.from(bytes)]);
    const grid =
      'dimension: 3\nsizes: 1 1 1\nspace: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1)';
    const refused: readonly (readonly [string, string])[] = [
      [write('a.stl', 'solid x'), 'unsupported-format: An STL file is a surface'],
      [write('b.bin', Buffer.alloc(84)), 'unsupported-format: An STL file is a surface'],
      [write('c.txt', 'not a segmentation'), 'unsupported-format: This is not a segmentation'],
      [write('d.nii', ''), 'broken-file: The file is empty.'],
      [path.join(workDir, 'absent.dcm'), 'not-found: The file does not exist.'],
      [write('e.nii.gz', Buffer.from([0x1f, 0x8b, 1, 2, 3])), 'broken-file: The compressed file'],
      [
        write('f.nhdr', nrrd(`type: uchar\n${grid}\nencoding: raw\ndata file: f.raw`)),
        'unsupported-format: The NRRD header and its voxels are in separate files',
      ],
      [
        write('g.nrrd', nrrd(`type: float\n${grid}\nendian: little\nencoding: raw`, [0, 0, 0, 63])),
        'unsupported-format: The file is no segmentation: its voxels are not whole numbers',
      ],
      [
        write('h.nrrd', nrrd(`type: uchar\n${grid}\nencoding: raw`)),
        'broken-file: The NRRD file is cut short',
      ],
      [
        write('i.nrrd', nrrd('type: uchar\ndimension: 3\nsizes: 1 1 1\nencoding: raw', [1])),
        'unsupported-format: The NRRD file does not say how it lies in the patient',
      ],
      [
        write('j.nrrd', nrrd(`type: uchar\n${grid}\nencoding: bzip2`, [1])),
        'unsupported-format: The NRRD file is neither raw nor gzip',
      ],
    ];
    for (const [place, sentence] of refused)
      expect(await refusal(place, series), path.basename(place)).toContain(sentence);
  });
});
