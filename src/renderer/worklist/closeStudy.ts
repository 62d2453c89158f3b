import type { StudyId } from '../../domain/brand.js';
import { call } from '../ui/client.js';
import { loadStudies } from './loadWorklist.js';
import { useWorklistStore } from './worklistStore.js';

/** Takes a study off the worklist. Its files and its stored sessions stay. */
export async function closeStudy(studyId: StudyId): Promise<void> {
  const store = useWorklistStore();
  const reply = await call('closeStudy', { studyId });
  if (!reply.ok) {
    store.openProblem = reply.error.message;
    return;
  }
  if (store.series?.studyId === studyId) store.series = null;
  await loadStudies();
}
