import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { emptyMask, packMask, uniteMasks } from '../../../src/domain/mask.js';
import type { Mask } from '../../../src/domain/mask.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import { noPrompts } from '../../../src/domain/prompts.js';
import type { Click, PlacedPoint, Prompts } from '../../../src/domain/prompts.js';
import type { Action, Step } from '../../../src/domain/session.js';
import type { StepRecord } from '../../../src/engine/agent/agentState.js';
import { describeHistory } from '../../../src/engine/agent/history.js';
import { renderObservation } from '../../../src/engine/agent/observation.js';
import { renderSliceImage } from '../../../src/engine/agent/sliceImage.js';
import { createLibrary, openPaths } from '../../../src/engine/dicom/index.js';
import { exportSession } from '../../../src/engine/export/index.js';
import type { TracedStep } from '../../../src/engine/export/index.js';
import {
  closeStore,
  createSession,
  databaseFile,
  decideSession,
  moveToStep,
  openStore,
  saveReview,
  saveStep,
  updateSession,
} from '../../../src/engine/store/index.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { newSession } from '../store/sampleSession.js';
import { exportInput, openSource } from './exportCase.js';

/**
 * test/fixtures/trace: one session, once as the workstation exports it and once as its database holds it, and what its
 * policy was told at each step; and as data sets of other trainers. The training package reads them
 * (training/tests/test_traces.py, test_export_data.py). IBIS_WRITE_FIXTURES=1
 * writes them anew.
 */
const fixture = path.join(import.meta.dirname, '../../fixtures/trace');
const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-trace-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

const FORM_PX = 32;
const [COLUMNS, ROWS, SLICES] = [24, 20, 3];
const WINDOW = { centre: 250, width: 500 };

function makeVolume(): Uint8Array {
  const voxels = Int16Array.from({ length: COLUMNS * ROWS * SLICES }, (_, at) => {
    const i = at % COLUMNS;
    const j = Math.floor(at / COLUMNS) % ROWS;
    const inside = (i - 9) ** 2 + (j - 12) ** 2 <= 25;
    return 40 + 6 * i + 3 * j + (inside ? 220 : 0) + 10 * Math.floor(at / (COLUMNS * ROWS));
  });
  return makeNifti({
    dimensions: [COLUMNS, ROWS, SLICES],
    sform: [1, 0, 0, -12, 0, 1, 0, -10, 0, 0, 2, 0],
    sformCode: 1,
    voxels: new Uint8Array(voxels.buffer),
  });
}

const place = (x: number, y: number): PlacedPoint => ({
  normalised: { x, y },
  voxel: { i: Math.floor(x * COLUMNS), j: Math.floor(y * ROWS), k: 1 },
  world: { x: 0.5, y: -0.25, z: 2 },
});

const click = (index: number, label: Click['label'], by: Click['placedBy'], x: number): Click => ({
  index,
  label,
  placedBy: by,
  ...place(x, 0.4),
});

function disc(column: number, radius: number): Mask {
  const mask = emptyMask(COLUMNS, ROWS);
  for (let at = 0; at < COLUMNS * ROWS; at++) {
    const distance = ((at % COLUMNS) - column) ** 2 + (Math.floor(at / COLUMNS) - 8) ** 2;
    mask.data[at] = distance <= radius ** 2 ? 1 : 0;
  }
  return mask;
}

const replies = {
  good: '<think>The disc is bare.</think><action>Positive Point (0.5000, 0.4000)</action>',
  bad: '<think>More on the right.</think><action>Positive Point (0.9000, 0.4000)</action>',
  stop: '<think>It is covered.</think><action>Terminate</action><answer>Segmented: disc.</answer>',
  shy: '<think>Less on the right.</think><action>Negative Point (0.7000, 0.4000)</action>',
};

/**
 * The policy clicks well, then badly; the user takes that back, clicks, lets it stop, paints what it left out and
 * scribbles. It goes on with a click that the user removes; they draw a box instead, take the scribble away, and it stops.
 */
function makeSteps(): TracedStep[] {
  const good = click(0, 'include', 'policy', 0.5);
  const bad = click(1, 'include', 'policy', 0.9);
  const mended = click(1, 'exclude', 'user', 0.3);
  const shy = click(2, 'exclude', 'policy', 0.7);
  const scribble = {
    stepIndex: 5,
    label: 'include' as const,
    placedBy: 'user' as const,
    points: [place(0.6, 0.4), place(0.65, 0.45), place(0.9, 0.4)],
  };
  const box = {
    stepIndex: 8,
    placedBy: 'user' as const,
    topLeft: place(0.3, 0.1),
    bottomRight: place(0.95, 0.8),
  };
  const clicks = [good, mended];
  const painted = uniteMasks(disc(14, 5), disc(18, 2));
  interface Made {
    readonly action: Action;
    readonly follows: number | null;
    readonly prompts: Partial<Prompts>;
    readonly mask: Mask;
    readonly text?: string;
    readonly undone?: boolean;
  }
  const made: readonly Made[] = [
    {
      action: { kind: 'click', click: good },
      follows: null,
      prompts: { clicks: [good] },
      mask: disc(12, 5),
      text: replies.good,
    },
    {
      action: { kind: 'click', click: bad },
      follows: 0,
      prompts: { clicks: [good, bad] },
      mask: disc(20, 3),
      text: replies.bad,
      undone: true,
    },
    {
      action: { kind: 'click', click: mended },
      follows: 0,
      prompts: { clicks },
      mask: disc(14, 5),
    },
    {
      action: { kind: 'terminate', answer: 'Segmented: disc.' },
      follows: 2,
      prompts: { clicks },
      mask: disc(14, 5),
      text: replies.stop,
    },
    {
      action: { kind: 'edit', tool: 'brush', placedBy: 'user' },
      follows: 3,
      prompts: { clicks },
      mask: painted,
    },
    {
      action: { kind: 'scribble', scribble },
      follows: 4,
      prompts: { clicks, scribbles: [scribble] },
      mask: disc(15, 6),
    },
    {
      action: { kind: 'click', click: shy },
      follows: 5,
      prompts: { clicks: [...clicks, shy], scribbles: [scribble] },
      mask: disc(13, 4),
      text: replies.shy,
    },
    {
      action: { kind: 'remove-click', clickIndex: 2, placedBy: 'user' },
      follows: 6,
      prompts: { clicks, scribbles: [scribble] },
      mask: disc(15, 6),
    },
    {
      action: { kind: 'box', box },
      follows: 7,
      prompts: { clicks, box, scribbles: [scribble] },
      mask: disc(16, 7),
    },
    {
      action: { kind: 'remove-scribble', scribbleStepIndex: 5, placedBy: 'user' },
      follows: 8,
      prompts: { clicks, box },
      mask: disc(16, 6),
    },
    {
      action: { kind: 'terminate', answer: 'Segmented: disc.' },
      follows: 9,
      prompts: { clicks, box },
      mask: disc(16, 6),
      text: replies.stop,
    },
  ];
  return made.map(({ action, follows, prompts, mask, text = '', undone = false }, stepIndex) => {
    const step: Step = {
      stepIndex,
      followsStepIndex: follows,
      policyText: text,
      reasoning: '',
      action,
      prompts: { ...noPrompts, ...prompts },
      mask: packMask(mask),
      score: action.kind === 'edit' ? null : 0.9,
      elapsedMs: 10,
      policyMs: 7,
      segmenterMs: 3,
      undone,
    };
    return { step };
  });
}

/** What the policy was told at each step of what had been clicked and drawn, by the engine's own words. */
function tellHistories(): readonly (readonly string[])[] {
  const steps = makeSteps();
  const standing = (index: number | null): StepRecord[] => {
    const traced = index === null ? undefined : steps[index];
    return traced === undefined
      ? []
      : [...standing(traced.step.followsStepIndex), { step: traced.step, lowResLogits: null }];
  };
  return steps.map(({ step }) =>
    describeHistory(standing(step.followsStepIndex), { width: COLUMNS, height: ROWS }),
  );
}

const approval = { verdict: 'approved', reviewer: 'Rita Reader', comment: 'Sharp.' } as const;

async function writeTrace(folder: string, volumeFile: string): Promise<void> {
  const source = await openSource(volumeFile, { axis: 'axial', sliceIndex: 1 }, workDir);
  const library = createLibrary({ cacheDir: mkdtempSync(path.join(workDir, 'cache-')) });
  const { studies } = await openPaths([volumeFile], { library });
  const seriesId = studies[0]?.series[0]?.seriesId;
  if (seriesId === undefined) throw new Error('the volume was not opened');
  const volume = await library.loadVolume(seriesId, 0);
  await library.close();
  if (!volume.ok) throw new Error(volume.error.message);
  const plane = computeSlicePlane(volume.value.geometry, 'axial');
  const slice = renderSliceImage(volume.value, plane, 1, WINDOW);
  const image = {
    widthPx: COLUMNS,
    heightPx: ROWS,
    fit: 'stretch',
    resample: 'bilinear',
  } as const;
  const input = exportInput(source, disc(16, 6), {
    steps: makeSteps(),
    prompt: 'Segment the bright disc.',
    reviews: [{ ...approval, stepIndex: 10, reviewedAt: '2026-01-02T00:00:00.000Z' }],
    renderObservation: (mask) =>
      renderObservation({ slice, mask }, { image, overlay: { rgb: [34, 139, 34], alpha: 0.4 } }),
  });
  await exportSession(input, ['trace'], folder);
  // As a policy with a square picture was asked: what other trainers get of it.
  const square = { ...image, widthPx: FORM_PX, heightPx: FORM_PX };
  const forms = {
    ...input,
    prompting: {
      systemPrompt: 'Click.',
      userTemplate: 'Request: {request}\nOrientation: {orientation}\nHistory: {history}\n{error}',
    },
    renderObservation: (mask: Mask | null) =>
      renderObservation(
        { slice, mask },
        { image: square, overlay: { rgb: [34, 139, 34], alpha: 0.4 } },
      ),
  };
  await exportSession(forms, ['sharegpt', 'trl', 'verl'], folder);
}

/** The whole database as SQL, with what differs from run to run made alike. */
function dumpDatabase(dataDir: string, sessionId: SessionId): string {
  const database = new Database(databaseFile(dataDir), { readonly: true });
  const rows = <T>(sql: string): T[] => database.prepare(sql).all() as T[];
  type Stored = string | number | Buffer | null;
  const literal = (value: Stored): string => {
    if (value === null) return 'NULL';
    if (typeof value === 'number') return String(value);
    return typeof value === 'string'
      ? `'${value.replaceAll("'", "''")}'`
      : `X'${value.toString('hex')}'`;
  };
  const tables = rows<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'low_res_logits' ORDER BY rowid",
  );
  const version = String(database.pragma('user_version', { simple: true }));
  const lines = tables.flatMap(({ name, sql }) => [
    `${sql};`,
    ...rows<Record<string, Stored>>(`SELECT * FROM ${name} ORDER BY 1, 2`).map(
      (row) => `INSERT INTO ${name} VALUES (${Object.values(row).map(literal).join(', ')});`,
    ),
  ]);
  database.close();
  return `${[...lines, `PRAGMA user_version = ${version};`].join('\n')}\n`
    .replaceAll(sessionId, 'session-1')
    .replaceAll(/'[0-9a-f]{8}-[0-9a-f-]{27}'/g, "'owner-1'");
}

function writeDatabase(folder: string): void {
  const dataDir = path.join(workDir, 'data');
  const opened = openStore(dataDir, { now: () => new Date(Date.UTC(2026, 0, 2)) });
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const sample = newSession({ prompt: 'Segment the bright disc.', patientName: 'Secret^Sue' });
  const { sessionId } = createSession(store, {
    ...sample,
    settings: { ...sample.settings, axis: 'axial', sliceIndex: 1, phaseIndex: 0, window: WINDOW },
    series: { ...sample.series, sourceKind: 'nifti' },
    sourcePaths: ['/secret/sue/volume.nii'],
  });
  for (const { step } of makeSteps()) {
    saveStep(store, { sessionId, step: { ...step, undone: false }, lowResLogits: null });
    if (step.undone) moveToStep(store, sessionId, step.followsStepIndex);
  }
  updateSession(store, sessionId, {
    runState: 'stopped',
    stopReason: 'policy-stop',
    answer: 'Done.',
  });
  decideSession(store, sessionId, 'accepted');
  saveReview(store, sessionId, approval);
  closeStore(store);
  writeFileSync(path.join(folder, 'database.sql'), dumpDatabase(dataDir, sessionId));
}

const listFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

it('keeps the session that the training package reads as the workstation writes it', async () => {
  const made = path.join(workDir, 'made');
  mkdirSync(made);
  const volumeFile = path.join(made, 'volume.nii');
  writeFileSync(volumeFile, makeVolume());
  await writeTrace(made, volumeFile);
  writeDatabase(made);
  writeFileSync(path.join(made, 'histories.json'), `${JSON.stringify(tellHistories(), null, 1)}\n`);
  if (process.env['IBIS_WRITE_FIXTURES'] === '1')
    for (const file of listFiles(made)) {
      mkdirSync(path.dirname(path.join(fixture, file)), { recursive: true });
      writeFileSync(path.join(fixture, file), readFileSync(path.join(made, file)));
    }
  expect(listFiles(fixture)).toEqual(listFiles(made));
  for (const file of listFiles(made))
    expect(
      readFileSync(path.join(fixture, file)).equals(readFileSync(path.join(made, file))),
      file,
    ).toBe(true);
});
