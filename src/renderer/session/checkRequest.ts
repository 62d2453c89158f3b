import type { RequestCheck } from '../../contract/channels.js';
import type { SegmentationSession } from '../../domain/session.js';
import { call } from '../ui/client.js';
import { useModelsStore } from '../models/modelsStore.js';
import { useSessionStore } from './sessionStore.js';

/** Asks the engine whether the policy was trained for the request, so that the user is warned before Run. */
export async function checkRequest(): Promise<void> {
  const store = useSessionStore();
  const text = store.request.trim();
  const { policyId } = useModelsStore();
  if (text === '' || policyId === '') {
    store.check = null;
    return;
  }
  const reply = await call('checkRequest', { policyId, text });
  // Typing went on meanwhile: a newer check is under way.
  if (text !== store.request.trim()) return;
  store.check = reply.ok ? reply.value : null;
}

/** Whether to warn of a request before Run. Not of the one that a session was about: once it runs, the room is for its steps. */
export const isUntrainedRequest = (
  session: SegmentationSession | null,
  request: string,
  check: RequestCheck | null,
): boolean => check?.known === false && request.trim() !== session?.settings.target.text;
