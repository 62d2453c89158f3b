import type { MethodParams } from '../../contract/channels.js';
import { findRegionAt } from '../../domain/floodFill.js';
import { packMask, unpackMask } from '../../domain/mask.js';
import { addsPixels } from '../../domain/session.js';
import { inTurn } from '../session/inTurn.js';
import { EDIT_TOOL_WORDS } from '../session/actionWords.js';
import type { DrawnOnSegment, PlacedOnSegment } from '../viewer/segmentHand.js';
import { useEditingStore } from './editingStore.js';
import { change, requireActive, tell } from './segmentActs.js';
import { applyTool } from './segmentToolActs.js';
import { useSegmentationStore } from './segmentationStore.js';
import { shownMasks } from './shownMasks.js';

type Drawn<K extends DrawnOnSegment['kind']> = Extract<DrawnOnSegment, { kind: K }>;
type Painted = Pick<
  MethodParams<'paintSegment'>,
  'axis' | 'mode' | 'toolLabel' | 'range' | 'slices'
>;

/** What was drawn on the image with a tool for segments, into the active segment. False: it was only measured. */
export async function drawOnActive(drawn: PlacedOnSegment): Promise<boolean> {
  switch (drawn.kind) {
    case 'sample':
      takeRange(drawn);
      return false;
    case 'stroke':
      await paintStroke(drawn);
      break;
    case 'outline':
      await cutOrPaint(drawn);
      break;
    case 'place':
      await pressOn(drawn);
      break;
  }
  await shownMasks.refresh(drawn.axis, drawn.sliceIndex); // so that it stays on screen until its result is there
  return true;
}

function takeRange({ range }: Drawn<'sample'>): void {
  const editing = useEditingStore();
  editing.range = range;
  editing.sampling = false;
}

/** The brush makes the first segment. */
const paint = (painted: Painted): Promise<void> =>
  inTurn(async () => {
    const store = useSegmentationStore();
    const segment = await requireActive(painted.mode === 'add');
    if (segment === null || store.shown === null) return;
    const { segmentationId } = store.shown;
    const { segmentNumber } = segment;
    await change('paintSegment', { segmentationId, segmentNumber, ...painted });
  });

const paintStroke = ({ tool, covered }: Drawn<'stroke'>): Promise<void> => {
  const { limited, limits } = useEditingStore();
  return paint({
    axis: covered.axis,
    mode: addsPixels(tool) ? 'add' : 'erase',
    toolLabel: EDIT_TOOL_WORDS[tool],
    range: limited ? limits : null,
    slices: [...covered.slices],
  });
};

/** On one slice and inside, it is a stroke like any other; through all slices or outside, the engine's own tool. */
async function cutOrPaint(drawn: Drawn<'outline'>): Promise<void> {
  const { tool, axis, sliceIndex, region, outline } = drawn;
  const { cutSide, cutThrough, wireErases } = useEditingStore();
  const adds = tool === 'livewire' ? !wireErases : addsPixels(tool);
  if (cutSide === 'inside' && cutThrough === 'slice') {
    const toolLabel = tool === 'livewire' ? 'Livewire' : EDIT_TOOL_WORDS[tool];
    const mode = adds ? 'add' : 'erase';
    await paint({ axis, mode, toolLabel, range: null, slices: [{ sliceIndex, region }] });
    return;
  }
  if ((await inTurn(() => requireActive(adds))) === null) return;
  await applyTool({
    kind: 'cut',
    axis,
    slices: cutThrough === 'all' ? null : { first: sliceIndex, last: sliceIndex },
    outline: [...outline],
    operation: `${adds ? 'fill' : 'erase'}-${cutSide}`,
  });
}

async function pressOn(drawn: Drawn<'place'>): Promise<void> {
  const editing = useEditingStore();
  const { tool, axis, sliceIndex, voxel, value } = drawn;
  if (tool === 'fill') {
    await fillAt(drawn);
    return;
  }
  if ((await inTurn(() => requireActive(tool === 'grow-region'))) === null) return;
  if (tool === 'island') {
    await applyTool({ kind: `${editing.islandAct}-island`, voxel, connectivity: 'faces' });
    return;
  }
  if (value === null) {
    tell('A region grows by gray values, and there is none at this place yet.');
    return;
  }
  const range = { lower: value - editing.tolerance, upper: value + editing.tolerance };
  await applyTool({
    kind: 'grow-region',
    seed: voxel,
    criterion: { kind: 'range', range },
    region:
      editing.growThrough === 'slice' ? { kind: 'slice', axis, sliceIndex } : { kind: 'volume' },
    connectivity: 'faces',
    combination: 'add',
  });
}

/** A press into another segment takes its part of this slice over; one into a hole of the active segment fills it. */
async function fillAt({ axis, sliceIndex, pixel, voxel }: Drawn<'place'>): Promise<void> {
  const { active, shown } = useSegmentationStore();
  if (active === null) {
    tell('There is no segment to fill. Add one first.');
    return;
  }
  await shownMasks.refresh(axis, sliceIndex);
  const masks = shownMasks.on(axis, sliceIndex);
  for (const segment of shown?.segments.toReversed() ?? []) {
    const own = masks.find(({ segmentNumber }) => segmentNumber === segment.segmentNumber);
    if (own === undefined || segment === active) continue;
    const region = findRegionAt(unpackMask(own.mask), pixel);
    if (region === null) continue;
    const slices = [{ sliceIndex, region: packMask(region) }];
    await paint({ axis, mode: 'add', toolLabel: 'Paint fill', range: null, slices });
    return;
  }
  await applyTool({ kind: 'fill-outline', voxel, axis });
}
