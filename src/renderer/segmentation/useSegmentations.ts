import { computed, watch } from 'vue';

import { useEngineStore } from '../ui/engineStore.js';
import { usePanelStore } from '../ui/panelStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { asSegmentTool } from '../viewer/segmentHand.js';
import { asEditTool, asPromptTool } from '../viewer/viewerApi.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { loadSegmentations, showPhase } from './takeSegmentation.js';

/** The segmentations follow the volume on screen, and the panel on top the tool in hand. */
export function useSegmentations(): void {
  const worklist = useWorklistStore();
  const viewer = useViewerStore();
  const engine = useEngineStore();
  const panels = usePanelStore();
  const phaseIndex = computed(
    () => viewer.position?.phaseIndex ?? worklist.series?.volumes[0]?.phaseIndex ?? 0,
  );
  watch(
    [() => worklist.series?.seriesId, () => engine.state.kind === 'ready'],
    ([seriesId, isReady]) => {
      if (seriesId === undefined) void loadSegmentations(null);
      else if (isReady) void loadSegmentations({ seriesId, phaseIndex: phaseIndex.value });
    },
  );
  watch(phaseIndex, showPhase);
  // Clicks, boxes and scribbles are for the agent; strokes are for whichever is on top.
  watch(
    () => viewer.tool,
    (tool) => {
      if (asPromptTool(tool) !== null && asEditTool(tool) === null) panels.rightTab = 'agent';
      if (asSegmentTool(tool) !== null) panels.rightTab = 'segments';
    },
  );
  watch(
    () => panels.rightTab,
    (tab) => {
      const isForAgent = asPromptTool(viewer.tool) !== null && asEditTool(viewer.tool) === null;
      if (tab === 'segments' && isForAgent) viewer.tool = 'brush';
      if (tab === 'agent' && asSegmentTool(viewer.tool) !== null) viewer.tool = 'brush';
    },
  );
}
