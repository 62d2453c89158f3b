import type { IbisEvent, ParsedParams } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import { segmentToolNames } from '../../contract/segmentTools.js';
import type { SegmentTool, SegmentToolResults } from '../../contract/segmentTools.js';
import type { SegmentSlices, SegmentSource, Segmentation } from '../../domain/segmentation.js';
import type { EngineHandlers } from '../dispatch.js';
import type { Jobs } from '../jobs.js';
import type { SliceSource } from '../slices.js';
import { copyValues } from '../tools/copyValues.js';
import { findValueBox, listSegmentsRead } from '../tools/toolRequest.js';
import type { ToolRunner } from '../tools/toolRunner.js';
import type { ValueBlock } from '../tools/values.js';
import { findSegment, requireUnlocked } from './editVoxels.js';
import { loadGrayVolume } from './grayVolume.js';
import type { NewSegment, Segmentations, SegmentationSnapshot } from './index.js';
import { makeNewSegment } from './segmentList.js';
import { noVoxels } from './state.js';

const MAX_LABEL = 64; // characters of DICOM's LO

/** What a hand has drawn, and what a tool has found by itself. */
const getSource = ({ kind }: SegmentTool): SegmentSource =>
  kind === 'cut' || kind === 'copy-slice' || kind === 'fill-outline' ? 'manual' : 'semiautomatic';

/** The segments whose voxels the tool may change. */
const listChanged = (tool: SegmentTool, segmentNumber: number): readonly number[] =>
  tool.kind === 'smooth-jointly' ? tool.segmentNumbers : [segmentNumber];

function nameAct(tool: SegmentTool, { segments }: Segmentation, segmentNumber: number): string {
  const changed = listChanged(tool, segmentNumber);
  const only = segments.find((segment) => segment.segmentNumber === changed[0]);
  const where = changed.length === 1 ? (only?.segmentLabel ?? '') : `${changed.length} segments`;
  return `${segmentToolNames[tool.kind]} on ${where}`;
}

/** Segments that were split off: named after the one they come from, of the same codes, each in a colour of its own. */
function nameParts(
  segmentation: Segmentation,
  segmentNumber: number,
  parts: readonly SegmentSlices[],
): { segment: NewSegment; slices: SegmentSlices }[] {
  const origin = findSegment(segmentation, segmentNumber);
  const listed: Pick<NewSegment, 'colour'>[] = [...segmentation.segments];
  return parts.map((slices, index) => {
    const ending = ` ${index + 2}`;
    const named = {
      segmentLabel: origin.segmentLabel.slice(0, MAX_LABEL - ending.length) + ending,
      codes: origin,
      colour: null,
    };
    const segment = { ...makeNewSegment({ segments: listed }, named), source: origin.source };
    listed.push(segment);
    return { segment, slices };
  });
}

export function createSegmentToolHandlers(options: {
  readonly segmentations: Segmentations;
  readonly slices: SliceSource;
  readonly tools: ToolRunner;
  readonly jobs: Jobs;
  readonly emit: (event: IbisEvent) => void;
}): Pick<EngineHandlers, keyof SegmentToolResults> {
  const { segmentations, slices, tools, jobs, emit } = options;

  /** The modality values that the tool looks at; null where it looks at none. */
  const loadValues = async (
    tool: SegmentTool,
    snapshot: SegmentationSnapshot,
    signal: AbortSignal,
  ): Promise<ValueBlock | null> => {
    const { segmentation, geometry, voxels } = snapshot;
    const box = findValueBox(tool, { geometry, segments: voxels });
    if (box === null) return null;
    return copyValues(await loadGrayVolume(slices, segmentation, signal), box, signal);
  };

  const apply = async (
    { segmentationId, segmentNumber, tool, jobId }: ParsedParams<'applySegmentTool'>,
    signal: AbortSignal,
  ): Promise<Segmentation> => {
    const snapshot = segmentations.get(segmentationId);
    const { segmentation, geometry, voxels } = snapshot;
    const changeable = listChanged(tool, segmentNumber);
    for (const number of changeable) requireUnlocked(findSegment(segmentation, number));
    const read = listSegmentsRead(tool, segmentNumber);
    for (const number of read) findSegment(segmentation, number);
    const label = nameAct(tool, segmentation, segmentNumber);
    const { changed, created } = await tools.run(
      {
        tool,
        segmentNumber,
        geometry,
        segments: new Map(read.map((number) => [number, voxels.get(number) ?? noVoxels])),
        values: await loadValues(tool, snapshot, signal),
      },
      {
        signal,
        onProgress: (share) =>
          emit({ kind: 'jobProgressed', jobId, label, done: Math.round(share * 100), total: 100 }),
      },
    );
    // What it was made of must still be there. All edits of a tool are one act, so the first may touch the next.
    const now = segmentations.get(segmentationId);
    if (changeable.some((number) => now.voxels.get(number) !== voxels.get(number)))
      throw new IbisError(
        'session-state',
        'The segment was changed while the tool was at work. Use the tool once more.',
      );
    const source = getSource(tool);
    return segmentations.applyEdit(segmentationId, {
      label,
      edits: [...changed].map(([number, changedSlices]) => ({
        segmentNumber: number,
        changedSlices,
        source,
      })),
      addedSegments: nameParts(now.segmentation, segmentNumber, created),
    });
  };

  return {
    applySegmentTool: (params) => jobs.run(params.jobId, (signal) => apply(params, signal)),
  };
}
