import { execFileSync } from 'node:child_process';
import { encode, decode } from 'fast-png';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { traceLineSchema } from '../../../src/contract/trace.js';
import { emptyMask, unpackMask } from '../../../src/domain/mask.js';
import type { Mask } from '../../../src/domain/mask.js';
import { noPrompts } from '../../../src/domain/prompts.js';
import type { Box, PlacedPoint, Prompts, Scribble } from '../../../src/domain/prompts.js';
import type { Step } from '../../../src/domain/session.js';
import { exportSession } from '../../../src/engine/export/index.js';
import {
  centroidOf,
  exportInput,
  lopsidedMask,
  openSource,
  policyClick,
  stepOf,
  userClick,
} from './exportCase.js';
import { findShared, judgeNiftis, python } from './judges.js';
import { writeSource } from './makeSource.js';
import type { SourceShape } from './makeSource.js';

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-formats-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

const shape: SourceShape = {
  columns: 40,
  rows: 30,
  slices: 6,
  columnDirection: [1, 0, 0],
  rowDirection: [0, 1, 0],
  spacingMm: [1, 1, 4],
  origin: [0, 0, 0],
};

describe.skipIf(python === null)('NIfTI masks of images that are not DICOM', () => {
  const hippocampus = findShared('msd_hippocampus_mri');

  it('have the affine of a plain image’s own grid, and no SEG is claimed', async () => {
    const file = path.join(workDir, 'plain.png');
    const data = Uint8Array.from({ length: 31 * 22 }, (_, p) => p % 251);
    writeFileSync(file, encode({ width: 31, height: 22, data, channels: 1, depth: 8 }));
    const source = await openSource(file, { axis: 'acquired' }, workDir);
    const mask = lopsidedMask(source);
    const outDir = path.join(workDir, 'plain');
    const { files, notes } = await exportSession(
      exportInput(source, mask),
      ['seg', 'nifti'],
      outDir,
    );
    expect(notes).toEqual(['The images are not DICOM: no DICOM SEG was written.']);
    const [nifti] = judgeNiftis(files);
    const [x = NaN, y = NaN, z = NaN] = centroidOf(source, mask);
    expect(nifti?.shape).toEqual([31, 22, 1]);
    expect(nifti?.codes).toEqual([0, 2]); // aligned to its source: no patient's side is claimed
    [-x, -y, z].forEach((value, axis) => {
      expect(nifti?.centroidRas?.[axis]).toBeCloseTo(value, 4);
    });
  });

  it.skipIf(hippocampus === null)(
    'lie where a NIfTI source lies, cut along any axis: msd_hippocampus_mri',
    async () => {
      const found = execFileSync(
        'find',
        [hippocampus ?? '', '-name', '*.nii*', '-path', '*image*'],
        {
          encoding: 'utf8',
        },
      ).split('\n')[0];
      const source = path.join(found ?? '');
      for (const axis of ['axial', 'coronal', 'sagittal'] as const) {
        const opened = await openSource(source, { axis }, workDir);
        const mask = lopsidedMask(opened);
        const outDir = path.join(workDir, `nifti-${axis}`);
        const { files } = await exportSession(exportInput(opened, mask), ['nifti'], outDir);
        const [nifti] = judgeNiftis(files);
        const script = `import nibabel, sys, json; i = nibabel.load(sys.argv[1]); print(json.dumps([i.affine.tolist(), i.shape[:3]]))`;
        const [affine, size] = JSON.parse(
          execFileSync(python ?? '', ['-c', script, source], { encoding: 'utf8' }),
        ) as [number[][], number[]];
        expect(nifti?.shape).toEqual(size);
        affine.flat().forEach((value, n) => {
          expect(nifti?.affine.flat()[n]).toBeCloseTo(value, 3);
        });
        const [x = NaN, y = NaN, z = NaN] = centroidOf(opened, mask);
        [-x, -y, z].forEach((value, n) => {
          expect(nifti?.centroidRas?.[n]).toBeCloseTo(value, 3);
        });
      }
    },
  );
});

describe('an exported trace', () => {
  it('parses line by line and shows at each step the mask that was seen then, undo included', async () => {
    const folder = path.join(workDir, 'trace');
    writeSource(folder, shape);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const first = lopsidedMask(source);
    const second = emptyMask(first.width, first.height);
    second.data.fill(1, 100, 300);
    const click = { kind: 'click', click: policyClick } as const;
    const steps = [
      { step: { ...stepOf(click, first, 0), followsStepIndex: null } },
      { step: { ...stepOf(click, second, 1), undone: true, followsStepIndex: 0 } },
      // Made after step 1 was taken back: it saw the first mask.
      { step: { ...stepOf({ kind: 'click', click: userClick }, second, 2), followsStepIndex: 0 } },
      {
        step: {
          ...stepOf({ kind: 'unparsed', problem: 'No action.' }, second, 3),
          followsStepIndex: 2,
        },
      },
      {
        step: { ...stepOf({ kind: 'terminate', answer: 'Done.' }, second, 4), followsStepIndex: 3 },
      },
    ];
    const outDir = path.join(folder, 'out');
    const input = exportInput(source, second, { steps });
    const { files } = await exportSession(input, ['trace'], outDir);
    const lines = readFileSync(path.join(outDir, 'trace.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => traceLineSchema.parse(JSON.parse(line)));
    expect(lines.map((line) => line.kind)).toEqual(['header', ...steps.map(() => 'step'), 'end']);
    expect(lines[0]).toMatchObject({
      notice: 'For research use only, not for diagnosis',
      prompt: 'Segment the left hippocampus.',
      models: [{ id: 'ibis-nano', role: 'policy', files: { 'decoder.onnx': 'ab'.repeat(32) } }],
      seed: 7,
    });
    expect(lines.at(-1)).toMatchObject({
      stopReason: 'policy-stop',
      decision: 'accepted',
      steps: 5,
    });

    const seen: (Mask | null)[] = [null, first, first, second, second];
    const stepLines = lines.flatMap((line) => (line.kind === 'step' ? [line] : []));
    stepLines.forEach((line, n) => {
      const picture = decode(readFileSync(path.join(outDir, line.image)));
      expect([picture.width, picture.height]).toEqual([first.width, first.height]);
      const red = [...picture.data]
        .filter((_, p) => p % 3 === 0)
        .map((value) => (value > 0 ? 1 : 0));
      expect(red, line.image).toEqual([...(seen[n]?.data ?? new Uint8Array(red.length))]);
    });
    expect(stepLines[1]).toMatchObject({ undone: true, maskVoxels: 200, answer: null });
    expect(stepLines.map((line) => line.followsStepIndex)).toEqual([null, 0, 0, 2, 3]);
    expect(stepLines[2]?.click).toEqual({
      label: 'include',
      placedBy: 'user',
      normalised: userClick.normalised,
      voxel: userClick.voxel,
      world: userClick.world,
    });
    expect(stepLines[3]).toMatchObject({ action: 'unparsed', problem: 'No action.', click: null });
    expect(stepLines[4]).toMatchObject({ action: 'terminate', answer: 'Done.' });
    expect(files).toHaveLength(6);
    for (const file of files) expect(statSync(file).size).toBeGreaterThan(0);
  });
});

describe('a trace of prompts drawn by hand', () => {
  it('tells boxes, scribbles and strokes in all three spaces, with the mask that came of each', async () => {
    const folder = path.join(workDir, 'drawn');
    writeSource(folder, shape);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const mask = lopsidedMask(source);
    const point = {
      normalised: userClick.normalised,
      voxel: userClick.voxel,
      world: userClick.world,
    };
    const box: Box = { stepIndex: 0, placedBy: 'user', topLeft: point, bottomRight: point };
    const scribble: Scribble = {
      stepIndex: 1,
      placedBy: 'user',
      label: 'exclude',
      points: [point, point],
    };
    const byUser = { placedBy: 'user' } as const;
    const actions: Step['action'][] = [
      { kind: 'box', box },
      { kind: 'scribble', scribble },
      { kind: 'remove-scribble', scribbleStepIndex: 1, ...byUser },
      { kind: 'edit', tool: 'eraser', ...byUser },
      { kind: 'remove-box', ...byUser },
    ];
    const steps = actions.map((action, n) => ({
      step: {
        ...stepOf(action, n === 4 ? null : mask, n),
        followsStepIndex: n === 0 ? null : n - 1,
      },
    }));
    const outDir = path.join(folder, 'out');
    await exportSession(exportInput(source, mask, { steps }), ['trace'], outDir);
    const lines = readFileSync(path.join(outDir, 'trace.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => traceLineSchema.parse(JSON.parse(line)));
    expect(lines[0]).toMatchObject({ schemaVersion: 2 });
    const told = lines.flatMap((line) => (line.kind === 'step' ? [line] : []));
    expect(told.map(({ action }) => action)).toEqual(actions.map(({ kind }) => kind));
    expect(told[0]?.box).toEqual({ placedBy: 'user', topLeft: point, bottomRight: point });
    expect(told[1]?.scribble).toEqual({
      label: 'exclude',
      placedBy: 'user',
      points: [point, point],
    });
    expect(told[2]).toMatchObject({ removedScribbleStepIndex: 1, box: null, scribble: null });
    expect(told[3]?.editTool).toBe('eraser');
    expect(told[4]).toMatchObject({ mask: null, maskVoxels: 0 });
    const packed = told[3]?.mask;
    if (packed == null) throw new Error('the mask is missing');
    const bits = new Uint8Array(Buffer.from(packed.bits, 'base64'));
    expect(unpackMask({ ...packed, bits })).toEqual(mask);
  });
});

describe('an exported picture', () => {
  it('has true proportions, the mask, the clicks in their colours and the notice', async () => {
    const folder = path.join(workDir, 'picture');
    writeSource(folder, shape);
    const source = await openSource(folder, { axis: 'coronal' }, workDir);
    const mask = lopsidedMask(source);
    const outDir = path.join(folder, 'out');
    const input = exportInput(source, mask);
    const clicks = [
      policyClick,
      { ...userClick, index: 1, label: 'exclude' as const, normalised: { x: 0.75, y: 0.4 } },
    ];
    const session = { ...input.session, clicks };
    await exportSession({ ...input, session }, ['overlay'], outDir);
    const picture = decode(readFileSync(path.join(outDir, 'overlay.png')));
    // 40 columns of 1 mm by 6 slices of 4 mm.
    expect(picture.width / picture.height).toBeCloseTo(40 / 24, 1);
    const colourAt = (x: number, y: number): number[] => {
      const at =
        3 * (Math.floor(y * picture.height) * picture.width + Math.floor(x * picture.width));
      return [...picture.data.slice(at, at + 3)];
    };
    expect(colourAt(0.25, 0.5)).toEqual([60, 230, 110]); // include
    expect(colourAt(0.75, 0.4)).toEqual([255, 80, 80]); // exclude
    // On the mask's own edge.
    expect(colourAt(5.5 / 40, 103.5 / 614)).toEqual([80, 220, 120]);
    expect(picture.text.Comment).toBe('For research use only, not for diagnosis');
  });
});

describe('a picture of prompts drawn by hand', () => {
  it('has the box and the scribbles in their colours, where they were drawn', async () => {
    const folder = path.join(workDir, 'drawn-picture');
    writeSource(folder, shape);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const mask = emptyMask(source.plane.width, source.plane.height);
    const pointAt = (x: number, y: number): PlacedPoint => ({
      normalised: { x, y },
      voxel: userClick.voxel,
      world: userClick.world,
    });
    const prompts: Prompts = {
      ...noPrompts,
      box: {
        stepIndex: 0,
        placedBy: 'user',
        topLeft: pointAt(0.2, 0.3),
        bottomRight: pointAt(0.6, 0.8),
      },
      scribbles: [
        {
          stepIndex: 1,
          placedBy: 'user',
          label: 'exclude',
          points: [pointAt(0.7, 0.1), pointAt(0.9, 0.1)],
        },
      ],
    };
    const outDir = path.join(folder, 'out');
    const input = exportInput(source, mask);
    const session = { ...input.session, ...prompts };
    await exportSession({ ...input, session }, ['overlay'], outDir);
    const picture = decode(readFileSync(path.join(outDir, 'overlay.png')));
    const colourAt = (x: number, y: number): number[] => {
      const at =
        3 * (Math.round(y * picture.height) * picture.width + Math.round(x * picture.width));
      return [...picture.data.slice(at, at + 3)];
    };
    const [green, red] = [
      [60, 230, 110],
      [255, 80, 80],
    ];
    for (const [x, y] of [
      [0.4, 0.3],
      [0.4, 0.8],
      [0.2, 0.5],
      [0.6, 0.5],
    ] as const)
      expect(colourAt(x, y), `box at ${String(x)}, ${String(y)}`).toEqual(green);
    expect(colourAt(0.4, 0.55)).not.toEqual(green); // outlined, not filled
    expect(colourAt(0.8, 0.1)).toEqual(red);
  });
});

describe('an export that cannot be written', () => {
  it('says so where a file stands in the way of its folder', async () => {
    const folder = path.join(workDir, 'in-the-way');
    writeSource(folder, shape);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const outDir = path.join(folder, 'out');
    writeFileSync(outDir, 'a file');
    await expect(
      exportSession(exportInput(source, lopsidedMask(source)), ['nifti'], outDir),
    ).rejects.toMatchObject({ code: 'permission' });
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'says so with its code (not as root, who may write anywhere)',
    async () => {
      const folder = path.join(workDir, 'locked');
      writeSource(folder, shape);
      const source = await openSource(folder, { axis: 'acquired' }, workDir);
      const outDir = path.join(folder, 'out');
      mkdirSync(outDir);
      chmodSync(outDir, 0o500);
      await expect(
        exportSession(exportInput(source, lopsidedMask(source)), ['seg'], outDir),
      ).rejects.toMatchObject({ code: 'permission' });
    },
  );
});
