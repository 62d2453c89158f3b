import type { RequestCheck } from '../contract/channels.js';
import type { PolicyTarget } from '../contract/manifest.js';

/** Words that ask, or that name the picture, and say nothing about the target. */
const NEUTRAL_WORDS = new Set(
  (
    'a an and all can could delineate draw find for give highlight i identify image in it locate make mark ' +
    'mask me mr mri ct my need now of on out outline patient please s scan segment segmentation show slice ' +
    'study the this to ultrasound us want with you'
  ).split(' '),
);
/** Words that tell one target from its neighbour: they must agree exactly. */
const DECIDING_WORDS = new Set(
  'left right both bilateral anterior posterior superior inferior upper lower'.split(' '),
);
const LEAST_AGREEMENT = 0.75; // Jaccard index: one word too many in four is let pass

const contentWords = (text: string): Set<string> =>
  new Set(
    text
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== '' && !NEUTRAL_WORDS.has(word)),
  );

/** Jaccard index of two sets of words; 0 where a deciding word stands in one of them only. */
function computeAgreement(asked: ReadonlySet<string>, known: ReadonlySet<string>): number {
  const union = new Set([...asked, ...known]);
  const shared = [...union].filter((word) => asked.has(word) && known.has(word));
  if ([...union].some((word) => DECIDING_WORDS.has(word) && !shared.includes(word))) return 0;
  return union.size === 0 ? 0 : shared.length / union.size;
}

function computeTargetAgreement(asked: ReadonlySet<string>, target: PolicyTarget): number {
  const phrases = [target.name, ...target.requests];
  return Math.max(...phrases.map((phrase) => computeAgreement(asked, contentWords(phrase))));
}

/**
 * Whether a request is one that the policy was trained for, by its words alone. A hint before Run, no more:
 * it does not look at the image, and a policy without a list of targets is a general one and never warned of.
 */
export function checkRequest(text: string, targets: readonly PolicyTarget[]): RequestCheck {
  if (text.trim() === '')
    return { known: false, targetName: null, warning: 'Say what to segment.' };
  if (targets.length === 0) return { known: true, targetName: null, warning: '' };
  const asked = contentWords(text);
  let best: { readonly target: PolicyTarget; readonly agreement: number } | null = null;
  for (const target of targets) {
    const agreement = computeTargetAgreement(asked, target);
    if (agreement > (best?.agreement ?? 0)) best = { target, agreement };
  }
  if (best !== null && best.agreement >= LEAST_AGREEMENT)
    return { known: true, targetName: best.target.name, warning: '' };
  const names = targets.map((target) => target.name).join(', ');
  return {
    known: false,
    targetName: null,
    warning: `This policy was not trained for this request and may go wrong. It knows: ${names}.`,
  };
}
