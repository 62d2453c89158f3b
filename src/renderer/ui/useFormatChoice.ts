import { computed, ref } from 'vue';
import type { ComputedRef, Ref } from 'vue';

import { useWorklistStore } from '../worklist/worklistStore.js';

interface FormatLine<Format extends string> {
  readonly id: Format;
  readonly label: string;
  readonly disabled: boolean;
}

/** What an export menu offers of the series on screen, and what is ticked: formats that need DICOM images are off without. */
export function useFormatChoice<Format extends string>(
  all: readonly Format[],
  options: {
    readonly labels: Readonly<Record<Format, string>>;
    readonly dicomOnly: readonly Format[];
    readonly usual: readonly Format[];
  },
): {
  readonly isDicom: ComputedRef<boolean>;
  readonly formats: ComputedRef<readonly FormatLine<Format>[]>;
  readonly chosen: Ref<Format[]>;
  /** Those that are ticked and not off, in the order of the menu. */
  readonly wanted: ComputedRef<readonly Format[]>;
} {
  const worklist = useWorklistStore();
  const isDicom = computed(() => worklist.series?.sourceKind === 'dicom');
  const formats = computed(() =>
    all.map((id) => ({
      id,
      label: options.labels[id],
      disabled: options.dicomOnly.includes(id) && !isDicom.value,
    })),
  );
  const chosen: Ref<Format[]> = ref([]);
  chosen.value = [...options.usual];
  const wanted = computed(() =>
    formats.value.flatMap(({ id, disabled }) =>
      chosen.value.includes(id) && !disabled ? [id] : [],
    ),
  );
  return { isDicom, formats, chosen, wanted };
}
