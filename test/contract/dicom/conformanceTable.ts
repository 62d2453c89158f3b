import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { z } from 'zod';

import { toErrorShape, type IbisErrorShape } from '../../../src/contract/errors.js';
import { createLibrary, openPaths, type Library } from '../../../src/engine/dicom/index.js';
import { viewAs } from '../../../src/domain/pixels.js';
import type { DerivedFile, ImageInfo } from '../../../src/domain/study.js';
import { describeInstance } from '../../../src/engine/dicom/describeInstance.js';
import { parseFileHeader } from '../../../src/engine/dicom/parseFileHeader.js';
import type { Instance } from '../../../src/engine/dicom/types.js';
import { conformanceDir, python } from './shared.js';

/** Runs the engine and the reference decoders over the conformance set and says where they differ. */

const referenceSchema = z.array(
  z.object({
    file: z.string(),
    verdict: z.enum(['image', 'directory', 'no-pixels', 'broken', 'not-an-image', 'video']),
    reason: z.string(),
    transferSyntax: z.string(),
    photometric: z.string(),
    decodedBy: z.string(),
    lossy: z.boolean(),
    images: z.array(
      z.object({
        sop: z.string(),
        frame: z.number().int(),
        rows: z.number().int(),
        columns: z.number().int(),
        samples: z.number().int(),
        type: z.enum(['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64']),
        raw: z.string(),
      }),
    ),
  }),
);
export type Reference = z.infer<typeof referenceSchema>[number];

export function listFiles(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

export function makeReferences(files: readonly string[], outDir: string): readonly Reference[] {
  const script = path.join(import.meta.dirname, 'reference.py');
  execFileSync(python, [script, outDir, ...files], { stdio: ['ignore', 'ignore', 'ignore'] });
  const text = readFileSync(path.join(outDir, 'index.json'), 'utf8');
  return referenceSchema.parse(JSON.parse(text));
}

/** What the engine made of one file, opened by itself. */
export interface Judged {
  readonly reference: Reference;
  readonly name: string; // relative to the set
  readonly imageCount: number;
  /** Why it was refused, at opening or at the first image that could not be decoded. */
  readonly refusal: IbisErrorShape | null;
  /** Largest difference to the reference over all compared frames; null when nothing was compared. */
  readonly largestDifference: number | null;
  readonly comparedFrames: number;
  /** Frames whose size or type is not the reference's. */
  readonly mismatches: readonly string[];
  /** Where it is no image but about some. */
  readonly derived: DerivedFile['kind'] | null;
}

function describeFile(file: string): Instance {
  const header = parseFileHeader(file);
  const { fileBytes } = header;
  return describeInstance(header, { file, headerFile: file, identity: file, fileBytes });
}

async function readFrame(library: Library, info: ImageInfo): Promise<Uint8Array> {
  const { file, offset, length } = await library.resolveFrame(info.imageId);
  return new Uint8Array(readFileSync(file).subarray(offset, offset + length));
}

const difference = (ours: ArrayLike<number>, theirs: ArrayLike<number>): number => {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let n = 0; n < ours.length; n++)
    largest = Math.max(largest, Math.abs((ours[n] ?? 0) - (theirs[n] ?? 0)));
  return largest;
};

export async function judgeFile(
  reference: Reference,
  referenceDir: string,
  cacheDir: string,
): Promise<Judged> {
  const library = createLibrary({ cacheDir, decodeWorkers: 1, decodeTimeoutMs: 20_000 });
  try {
    const opened = await openPaths([reference.file], { library });
    const [derived] = opened.derived;
    // A SEG is laid on images rather than shown as one; its pixels are decoded all the same.
    const studies =
      derived === undefined || reference.images.length === 0
        ? opened.studies
        : library.addInstances([describeFile(reference.file)]);
    const images = studies.flatMap((study) =>
      study.series.flatMap(
        ({ seriesId }) => library.getSeries(seriesId)?.volumes.flatMap((v) => v.images) ?? [],
      ),
    );
    const [refused] = opened.refused;
    let refusal: IbisErrorShape | null =
      refused === undefined || images.length > 0
        ? null
        : { code: toCode(refused.code), message: refused.reason };
    const mismatches: string[] = [];
    let largest: number | null = null;
    let compared = 0;
    for (const expected of reference.images) {
      const info = images.find(
        (image) =>
          image.frameNumber === expected.frame &&
          (expected.sop === '' || image.sopInstanceUID === expected.sop),
      );
      if (info === undefined) {
        mismatches.push(`frame ${String(expected.frame)} is missing`);
        continue;
      }
      const ours = `${info.pixelType} ${String(info.rows)}x${String(info.columns)}x${String(info.samplesPerPixel)}`;
      const theirs = `${expected.type} ${String(expected.rows)}x${String(expected.columns)}x${String(expected.samples)}`;
      if (ours !== theirs) mismatches.push(`${ours} instead of ${theirs}`);
      try {
        const raw = new Uint8Array(readFileSync(path.join(referenceDir, expected.raw)));
        const bytes = await readFrame(library, info);
        const differs = difference(viewAs(info.pixelType, bytes), viewAs(expected.type, raw));
        largest = Math.max(largest ?? 0, differs);
        compared++;
      } catch (thrown) {
        refusal ??= toErrorShape(thrown);
      }
    }
    if (reference.images.length === 0 && images[0] !== undefined && refusal === null)
      refusal = await library.resolveFrame(images[0].imageId).then(
        () => null,
        (thrown: unknown) => toErrorShape(thrown),
      );
    return {
      reference,
      name: path.relative(conformanceDir, reference.file),
      imageCount: images.length,
      refusal,
      largestDifference: largest,
      comparedFrames: compared,
      mismatches,
      derived: derived?.kind ?? null,
    };
  } finally {
    await library.close();
  }
}

const toCode = (code: string): IbisErrorShape['code'] => code as IbisErrorShape['code']; // made by toErrorShape

const stem = '1.2.840.10008.1.2';
const names: Readonly<Record<string, string>> = {
  [stem]: 'Implicit VR LE',
  [`${stem}.1`]: 'Explicit VR LE',
  [`${stem}.2`]: 'Explicit VR BE',
  [`${stem}.1.99`]: 'Deflated Explicit VR LE',
  [`${stem}.8.1`]: 'Deflated Image Frame',
  [`${stem}.5`]: 'RLE Lossless',
  [`${stem}.4.50`]: 'JPEG Baseline',
  [`${stem}.4.51`]: 'JPEG Extended (12 bit)',
  [`${stem}.4.57`]: 'JPEG Lossless',
  [`${stem}.4.70`]: 'JPEG Lossless SV1',
  [`${stem}.4.80`]: 'JPEG-LS Lossless',
  [`${stem}.4.81`]: 'JPEG-LS Near-Lossless',
  [`${stem}.4.90`]: 'JPEG 2000 Lossless',
  [`${stem}.4.91`]: 'JPEG 2000',
  [`${stem}.4.201`]: 'HTJ2K Lossless',
};

export function describeResult({
  refusal,
  largestDifference,
  reference,
  imageCount,
  derived,
}: Judged): string {
  if (refusal !== null) return `refused: \`${refusal.code}\``;
  if (reference.verdict === 'directory') return `index: opens its ${String(imageCount)} images`;
  if (largestDifference === null && derived !== null) return `for import: ${derived}`;
  if (largestDifference === null) return 'not compared';
  if (largestDifference === 0) return 'decoded exact';
  return `decoded within tolerance (largest difference ${String(largestDifference)})`;
}

/** `docs/dicom-conformance.md`. Files that hold no DICOM and no picture (texts, NRRD, ...) are only counted. */
export function renderTable(judged: readonly Judged[]): string {
  const shown = judged.filter(({ reference }) => reference.verdict !== 'not-an-image');
  const notShown = judged.filter((entry) => !shown.includes(entry));
  const labelmaps = notShown.filter(({ derived }) => derived !== null).length;
  const others = notShown.length - labelmaps;
  const count = (test: (entry: Judged) => boolean): string => String(shown.filter(test).length);
  const rows = shown.map((entry) => {
    const { reference, name, imageCount } = entry;
    const syntax = names[reference.transferSyntax] ?? reference.transferSyntax;
    const judge =
      reference.decodedBy || (reference.verdict === 'broken' ? 'refuses it too' : reference.reason);
    const cells = [name, syntax, reference.photometric, String(imageCount), describeResult(entry)];
    return `| ${[...cells, judge].join(' | ')} |`;
  });
  return `# DICOM conformance

Generated by \`test/contract/dicom/conformance.test.ts\` (write it anew with \`IBIS_WRITE_DOCS=1\`); do not edit.
Each file of the conformance set is opened by itself and every compared frame, as the viewer gets it over
\`dicom://\` and the agent gets it in the engine, is held against what the named reference decoder makes of it.
Lossless frames must be equal, lossy ones within 1 grey level (2 in colour). Only broken files, files without
pixels and videos may be refused; a file counts as broken when the reference decoder refuses it too. (Of a
\`pydicom\` reference in big endian with a palette, the table's bytes are swapped first: pydicom 3.0 does not.)

${String(shown.length)} files: ${count((e) => e.refusal === null && e.largestDifference === 0)} decoded exact, ${count((e) => e.refusal === null && (e.largestDifference ?? 0) > 0)} within tolerance, ${count((e) => e.reference.verdict === 'directory' && e.refusal === null)} indexes (DICOMDIR), ${count((e) => e.refusal !== null)} refused. ${String(others)} more files (texts, ICC, ...) hold no image in a format of Ibis and are refused as \`not-dicom\`; ${String(labelmaps)} are NRRD, for import.

| File | Transfer syntax | Photometric | Images | Result | Reference |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

${segmentationObjects}`;
}

/** What is written and read of segmentations; other tests hold it: test/contract/segmentations. */
const segmentationObjects = `## Segmentation objects

What Ibis makes of these objects as segmentations of a series (\`docs/guide/formats.md\`), held by
\`test/contract/segmentations\`: each is written and read back voxel for voxel on axial, oblique, reversed, flipped, sheared
(gantry tilt) and multi-frame series, and judged by the named programs.

| Object | SOP Class | Transfer syntax written | Read | Judged by |
| --- | --- | --- | --- | --- |
| Segmentation, BINARY | 1.2.840.10008.5.1.4.1.1.66.4 | Explicit VR LE | as the images above | pydicom, dciodvfy, dcmqi's files |
| Segmentation, FRACTIONAL | 1.2.840.10008.5.1.4.1.1.66.4 | not written | from half of Maximum Fractional Value on | pydicom (native, RLE) |
| Label Map Segmentation | 1.2.840.10008.5.1.4.1.1.66.7 | Explicit VR LE | 0 and Pixel Padding Value are background | pydicom, dcmqi's files |
| RT Structure Set | 1.2.840.10008.5.1.4.1.1.481.3 | Implicit VR LE | closed planar contours, by pixel centres | pydicom with scikit-image, dciodvfy, plastimatch |

## Measurement reports

Held by \`test/contract/measurements\` on the same series: values measured again by pydicom and numpy, and read back.

| Object | SOP Class | Transfer syntax written | Read | Judged by |
| --- | --- | --- | --- | --- |
| Comprehensive SR, TID 1500 | 1.2.840.10008.5.1.4.1.1.88.33 | Explicit VR LE | lines, angles, regions on images | pydicom, dciodvfy, dsrdump |
| Comprehensive 3D SR, TID 1500 | 1.2.840.10008.5.1.4.1.1.88.34 | Explicit VR LE | the same in the patient | pydicom, dciodvfy |
| Enhanced SR, TID 1500 | 1.2.840.10008.5.1.4.1.1.88.22 | not written | as Comprehensive SR | none |
`;
