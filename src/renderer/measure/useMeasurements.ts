import { watch } from 'vue';

import { useEngineStore } from '../ui/engineStore.js';
import { usePanelStore } from '../ui/panelStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { asPromptTool } from '../viewer/viewerApi.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { loadMeasurements } from './measureActs.js';

/** The measurements follow the series on screen. Who takes up a prompt or the brush is done with their list. */
export function useMeasurements(): void {
  const worklist = useWorklistStore();
  const engine = useEngineStore();
  const viewer = useViewerStore();
  const panels = usePanelStore();
  watch(
    [() => worklist.series?.seriesId, () => engine.state.kind === 'ready'],
    ([seriesId, isReady]) => {
      if (seriesId === undefined) void loadMeasurements(null);
      else if (isReady) void loadMeasurements(seriesId);
    },
  );
  watch(
    () => viewer.tool,
    (tool) => {
      if (asPromptTool(tool) !== null && panels.rightTab === 'measure') panels.rightTab = 'agent';
    },
  );
}
