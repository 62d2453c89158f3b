import { computed } from 'vue';
import type { ComputedRef } from 'vue';

import { useWorklistStore } from '../worklist/worklistStore.js';

/** Of the modality values of the open series: 'HU' for CT, '' where the images name none. */
export function useValueUnit(): ComputedRef<string> {
  const worklist = useWorklistStore();
  return computed(() => worklist.series?.volumes[0]?.images[0]?.rescaleUnit ?? '');
}
