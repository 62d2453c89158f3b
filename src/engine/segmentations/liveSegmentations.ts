import type { IbisEvent } from '../../contract/channels.js';
import type { SegmentationId, SessionId } from '../../domain/brand.js';
import type { Segmentation } from '../../domain/segmentation.js';
import { loadChange, loadStoredOutline, loadStoredSegmentation, saveAct } from '../store/index.js';
import type { SegmentationIdentity, Store, StoredSegmentation } from '../store/index.js';
import { countEdits, noActs, pushAct } from './actStacks.js';
import type { ActStacks, ActSummary } from './actStacks.js';
import type { HeaderPatch } from './headerPatch.js';
import type { PropagationRecord } from './propagationRecord.js';
import { createRecentEdits } from './recentEdits.js';
import { applyChange, describeFlips, getFlippedSlices, makeChange } from './state.js';
import type { SegmentationState, StateChange } from './state.js';

// A large one is some 30 MB of packed slices; one further back is read again from the store.
const KEPT_SEGMENTATIONS = 8;

/** A segmentation in memory. A value: an act gives a new one. */
export interface LiveSegmentation {
  readonly identity: SegmentationIdentity;
  readonly state: SegmentationState;
  readonly nextSegmentNumber: number;
  readonly stacks: ActStacks;
  /** The number of its newest act. */
  readonly revision: number;
  readonly updatedAt: string;
}

/** What an act wants to be in force. */
export interface Draft {
  readonly state: SegmentationState;
  /** The voxels in which it differs from the state in force. */
  readonly flips: StateChange['flips'];
  readonly nextSegmentNumber?: number;
  /** What is kept with the act about a propagation. */
  readonly propagation?: PropagationRecord;
}

export interface ActName {
  readonly kind: 'edit' | 'setting';
  readonly label: string;
  /** Whose mask was added. */
  readonly fromSessionId?: SessionId;
}

export interface LiveSegmentations {
  /** Throws 'not-found'. */
  get(segmentationId: SegmentationId): LiveSegmentation;
  /** The same without reading voxels: a large segmentation has thousands of slices. */
  describe(segmentationId: SegmentationId): Segmentation;
  add(stored: StoredSegmentation): LiveSegmentation;
  /** Stores what `make` wants in one transaction, then announces it. What changes nothing is no act. */
  act(
    segmentationId: SegmentationId,
    name: ActName,
    make: (live: LiveSegmentation) => Draft,
  ): LiveSegmentation;
  /** Takes the newest edit in force back, or does the one that was taken back last again; null: there is none. */
  step(segmentationId: SegmentationId, direction: 'undo' | 'redo'): LiveSegmentation | null;
  forget(segmentationId: SegmentationId): void;
}

export const describeSegmentation = ({
  identity,
  state,
  stacks,
  ...live
}: Omit<LiveSegmentation, 'state' | 'nextSegmentNumber'> & {
  readonly state: Pick<SegmentationState, 'header'>;
}): Segmentation => {
  const { geometry, ...fixed } = identity;
  return {
    ...fixed,
    ...state.header,
    dimensions: geometry.dimensions,
    revision: live.revision,
    undoLabel: stacks.undo?.label ?? null,
    redoLabel: stacks.redo?.label ?? null,
    undoCount: countEdits(stacks.undo),
    updatedAt: live.updatedAt,
  };
};

const nothingChanged: StateChange = { before: {}, after: {}, flips: new Map() };

const readActs = (acts: readonly ActSummary[]): Pick<LiveSegmentation, 'stacks' | 'revision'> => ({
  stacks: acts.reduce(pushAct, noActs),
  revision: acts.length - 1,
});

const makeLive = ({ acts, ...stored }: StoredSegmentation): LiveSegmentation => ({
  ...stored,
  ...readActs(acts),
});

export function createLiveSegmentations(output: {
  readonly store: Store;
  readonly emit: (event: IbisEvent) => void;
}): LiveSegmentations {
  const { store, emit } = output;
  const kept = new Map<SegmentationId, LiveSegmentation>(); // newest use last
  const recent = createRecentEdits();

  const keep = (live: LiveSegmentation): LiveSegmentation => {
    const { segmentationId } = live.identity;
    kept.delete(segmentationId);
    kept.set(segmentationId, live);
    for (const oldest of kept.keys()) if (kept.size > KEPT_SEGMENTATIONS) kept.delete(oldest);
    return live;
  };

  const get = (segmentationId: SegmentationId): LiveSegmentation =>
    keep(kept.get(segmentationId) ?? makeLive(loadStoredSegmentation(store, segmentationId)));

  const announce = (live: LiveSegmentation, flips: StateChange['flips']): LiveSegmentation => {
    const segmentation = describeSegmentation(live);
    emit({ kind: 'segmentationChanged', segmentation, changes: describeFlips(flips) });
    return live;
  };

  /** Stores an act, then puts it in force and tells of it. Where it cannot be stored, what is stored is read again. */
  const commit = (
    live: LiveSegmentation,
    act: Omit<ActSummary, 'actNumber'> & { readonly fromSessionId: SessionId | null },
    done: {
      readonly state: SegmentationState;
      readonly patch: HeaderPatch;
      readonly flips: StateChange['flips'];
      /** Null where the act is stored already, under `act.ofAct`. */
      readonly change: StateChange | null;
      readonly nextSegmentNumber: number;
      readonly propagation?: PropagationRecord | undefined;
    },
  ): LiveSegmentation => {
    const { segmentationId } = live.identity;
    const { state, patch, flips, change, nextSegmentNumber, propagation } = done;
    const summary = { ...act, actNumber: live.revision + 1 };
    kept.delete(segmentationId);
    const updatedAt = saveAct(store, {
      ...summary,
      segmentationId,
      change,
      header: state.header,
      patch,
      slices: getFlippedSlices(state, flips),
      nextSegmentNumber,
      propagation: propagation ?? null,
    });
    const after = {
      ...live,
      state,
      nextSegmentNumber,
      stacks: pushAct(live.stacks, summary),
      revision: summary.actNumber,
      updatedAt,
    };
    return announce(keep(after), flips);
  };

  const describe = (segmentationId: SegmentationId): Segmentation => {
    const live = kept.get(segmentationId);
    if (live !== undefined) return describeSegmentation(live);
    const { acts, header, ...outline } = loadStoredOutline(store, segmentationId);
    return describeSegmentation({ ...outline, state: { header }, ...readActs(acts) });
  };

  return {
    get,
    describe,
    add: (stored) => {
      const live = keep(makeLive(stored));
      return announce(live, live.state.voxels);
    },
    act: (segmentationId, { kind, label, fromSessionId }, make) => {
      const live = get(segmentationId);
      const { state, flips, nextSegmentNumber, propagation } = make(live);
      const changed = makeChange(live.state, state, flips);
      const change = changed ?? (propagation === undefined ? null : nothingChanged);
      if (change === null) return live;
      const act = { kind, label, ofAct: null, fromSessionId: fromSessionId ?? null };
      const after = commit(live, act, {
        state,
        patch: change.after,
        flips: change.flips,
        change,
        nextSegmentNumber: nextSegmentNumber ?? live.nextSegmentNumber,
        propagation,
      });
      const known = { before: live.state.voxels, after: state.voxels };
      if (kind === 'edit') recent.remember(segmentationId, after.revision, { change, known });
      return after;
    },
    step: (segmentationId, direction) => {
      const live = get(segmentationId);
      const edit = live.stacks[direction];
      if (edit === null) return null;
      const { dimensions } = live.identity.geometry;
      const { change, known } = recent.find(segmentationId, edit.actNumber) ?? {
        change: loadChange(store, segmentationId, edit.actNumber, dimensions),
        known: null,
      };
      const act = {
        kind: direction,
        label: edit.label,
        ofAct: edit.actNumber,
        fromSessionId: null,
      };
      return commit(live, act, {
        state: applyChange(live.state, change, direction === 'undo' ? 'back' : 'forth', known),
        patch: direction === 'undo' ? change.before : change.after,
        flips: change.flips,
        change: null,
        nextSegmentNumber: live.nextSegmentNumber,
      });
    },
    forget: (segmentationId) => {
      kept.delete(segmentationId);
      recent.forget(segmentationId);
    },
  };
}
