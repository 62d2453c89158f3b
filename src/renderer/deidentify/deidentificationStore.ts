import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

import type { Deidentification, DeidentificationPreview } from '../../contract/deidentification.js';
import type { SeriesId } from '../../domain/brand.js';
import { parseFlag, parseOneOf, usePersisted } from '../ui/persisted.js';

/** What the dialog was opened for: to write copies of a study's images, or to choose how exports are changed. */
export interface DeidentificationTask {
  readonly purpose: 'copy' | 'options';
  readonly seriesIds: readonly SeriesId[];
}

const isObject = (stored: unknown): stored is Readonly<Record<string, unknown>> =>
  typeof stored === 'object' && stored !== null;

/** The Basic Profile where nothing else was chosen. A pseudonym belongs to one patient: it is not remembered. */
function parseOptions(stored: unknown): Deidentification {
  const from = isObject(stored) ? stored : {};
  const flag = parseFlag(false);
  return {
    dates: parseOneOf(['remove', 'shift', 'keep'], 'remove')(from.dates),
    retainUids: flag(from.retainUids),
    retainPatientCharacteristics: flag(from.retainPatientCharacteristics),
    retainDeviceIdentity: flag(from.retainDeviceIdentity),
    retainInstitutionIdentity: flag(from.retainInstitutionIdentity),
    cleanDescriptors: flag(from.cleanDescriptors),
    retainSafePrivate: flag(from.retainSafePrivate),
    leaveOutBurnedIn: flag(from.leaveOutBurnedIn),
    pseudonym: null,
  };
}

/** How the patient's identity is taken out of what is exported, and the preview of it. */
export const useDeidentificationStore = defineStore('deidentification', () => ({
  /** Whether exports of sessions and segments are de-identified. Off at each start: it is chosen, not forgotten. */
  wanted: ref(false),
  options: usePersisted('deidentification', parseOptions),
  task: shallowRef<DeidentificationTask | null>(null),
  preview: shallowRef<DeidentificationPreview | null>(null),
  problem: ref(''),
  progress: shallowRef<{ readonly done: number; readonly total: number } | null>(null),
  result: shallowRef<{
    readonly files: readonly string[];
    readonly notes: readonly string[];
  } | null>(null),
}));

/** For the parameters of an export. */
export function deidentificationOfExports(): Deidentification | null {
  const store = useDeidentificationStore();
  return store.wanted ? store.options : null;
}
