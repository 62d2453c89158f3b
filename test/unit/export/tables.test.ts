import { describe, expect, it } from 'vitest';

import { packMask } from '../../../src/domain/mask.js';
import type { SegmentationData } from '../../../src/domain/segmentation.js';
import {
  describeLabelTable,
  describeSidecar,
  nameBidsDerivative,
} from '../../../src/engine/export/bids.js';
import { compressRuns, countRuns } from '../../../src/engine/export/coco.js';
import { encodeStatistics } from '../../../src/engine/export/statisticsCsv.js';
import { readLabelTable } from '../../../src/engine/import/labelTable.js';
import { segments } from '../../contract/segmentations/segmentationCase.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

describe('the name of a BIDS derivative', () => {
  it.each([
    ['sub-01_ses-2_T1w.nii.gz', 'Liver and tumour', 'sub-01_ses-2_desc-LiverAndTumour_dseg'],
    ['sub-01_desc-preproc_bold.nii', 'x', 'sub-01_desc-X_dseg'],
    ['hippocampus_001.nii.gz', 'anterior/posterior', 'hippocampus_001_desc-AnteriorPosterior_dseg'],
    ['series 3 (CT).dcm', 'Läsion', 'series-3-CT-_desc-Lasion_dseg'],
    ['', '', 'segmentation_desc-Segmentation_dseg'],
  ])('of %s, %s', (source, label, expected) => {
    expect(nameBidsDerivative(source, label)).toBe(expected);
  });
});

describe('the label table', () => {
  it('gives back what it was written from, and takes those of others', () => {
    const all = [segments.ring, segments.scatter];
    const table = readLabelTable(describeLabelTable(all));
    for (const { segmentNumber, segmentLabel, category, type, modifier, colour, source } of all)
      expect(table.get(segmentNumber)).toEqual({
        segmentLabel,
        category,
        type,
        modifier,
        colour,
        source,
      });
    const others = readLabelTable(
      'index\tname\tabbreviation\n0\tBackground\tBG\n17\tLeft-Hippocampus\tlh\n',
    );
    expect([...others]).toEqual([[17, { segmentLabel: 'Left-Hippocampus', modifier: null }]]);
  });

  it('has a sidecar that names the source, and each column', () => {
    const text = describeSidecar('sub-01_T1w.nii.gz', 'Both', [segments.ring], {
      name: 'Ibis',
      version: '0.1.0',
    });
    const sidecar = JSON.parse(text) as Record<string, unknown>;
    expect(sidecar).toMatchObject({
      Sources: ['sub-01_T1w.nii.gz'],
      SpatialReference: 'orig',
      Manual: false,
    });
    for (const column of (describeLabelTable([]).split('\n')[0] ?? '').split('\t'))
      expect(sidecar[column]).toHaveProperty('Description');
  });
});

describe('COCO run lengths', () => {
  const mask = (rows: readonly string[]) =>
    packMask({
      width: rows[0]?.length ?? 0,
      height: rows.length,
      data: Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0)),
    });

  it('go down the columns and begin with pixels that do not belong', () => {
    expect(countRuns(mask(['.#.', '##.']))).toEqual([1, 3, 2]);
    expect(countRuns(mask(['#.', '#.']))).toEqual([0, 2, 2]);
    expect(countRuns(mask(['##', '##']))).toEqual([0, 4]);
    expect(countRuns(mask(['..', '..']))).toEqual([4]);
  });

  it('are packed five bits a letter, from the fourth on as differences', () => {
    expect(compressRuns([1, 3, 2])).toBe('132');
    expect(compressRuns([16])).toBe('`0'); // a sixth bit would read as a sign
    expect(compressRuns([5, 10, 5, 10])).toBe('5:50');
    expect(compressRuns([5, 40, 5, 9])).toBe('5X15QO');
  });
});

describe('the CSV of statistics', () => {
  it('quotes what must be quoted and leaves empty what was not measured', () => {
    const data: SegmentationData = {
      segmentationLabel: 'x',
      geometry: axialGrid([1, 1, 1]),
      segments: [
        { segment: segments.ring, slices: new Map() },
        { segment: segments.block, slices: new Map() },
      ],
    };
    const values = { mean: 40.123456789, deviation: 1, minimum: -3, maximum: 99, unit: 'HU' };
    const csv = encodeStatistics(data, [
      {
        ...{ segmentNumber: 3, voxelCount: 0, volumeMl: 0, values: null },
        ...{ longestAxisMm: null, acrossAxesMm: null },
      },
      {
        ...{ segmentNumber: 1, voxelCount: 12, volumeMl: 0.012, values },
        ...{ longestAxisMm: 5, acrossAxesMm: [4, 1.5] },
      },
    ]);
    expect(csv.split('\r\n')).toEqual([
      'segment,label,category,type,modifier,voxels,volume_mm3,volume_ml,mean,sd,min,max,unit,longest_axis_mm,second_axis_mm,third_axis_mm',
      '1,"left kidney, ""ring""",SCT:91723000,SCT:64033007,SCT:7771000,12,12,0.012,40.1235,1,-3,99,HU,5,4,1.5',
      '3,block,SCT:91723000,SCT:10200004,,0,0,0,,,,,,,,',
      '',
    ]);
  });
});
