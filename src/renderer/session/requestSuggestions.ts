import type { PolicyTarget } from '../../contract/manifest.js';

const LIMIT = 8;

/**
 * Requests that the policy was trained on and that contain every word typed so far. With nothing typed: one a
 * target. What is already written in full is not suggested again.
 */
export function suggestRequests(
  targets: readonly PolicyTarget[],
  typed: string,
): readonly string[] {
  const text = typed.trim().toLowerCase();
  const words = text.split(/\s+/).filter(Boolean);
  const candidates =
    words.length === 0
      ? targets.flatMap((target) => target.requests.slice(0, 1))
      : targets.flatMap((target) => target.requests);
  const matching = [...new Set(candidates)].filter((request) => {
    const lower = request.toLowerCase();
    return lower !== text && words.every((word) => lower.includes(word));
  });
  return words.length === 0 ? matching : matching.slice(0, LIMIT);
}
