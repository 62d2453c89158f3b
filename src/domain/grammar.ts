import { err, ok } from './result.js';
import type { Result } from './result.js';
import type { NormalisedPoint } from './plane.js';

/**
 * The policy's text ('ibis-agent-1'): one think tag and one action tag, and with Terminate an answer tag.
 * Python parses the same (training/ibis_training/grammar.py); test/fixtures/parity/grammar.json binds both.
 * Only space, tab, CR and LF count as whitespace.
 */
export type PolicyAction =
  | {
      readonly kind: 'click';
      readonly label: 'include' | 'exclude';
      readonly normalised: NormalisedPoint;
    }
  | { readonly kind: 'terminate'; readonly answer: string; readonly targetAbsent: boolean };

export interface PolicyText {
  readonly reasoning: string;
  readonly action: PolicyAction;
}

const BODY = String.raw`((?:(?!</?(?:think|action|answer)>)[\s\S])*)`;
const SPACE = String.raw`[ \t\r\n]*`;
const STEP = new RegExp(
  `^${SPACE}<think>${BODY}</think>${SPACE}<action>${BODY}</action>${SPACE}(?:<answer>${BODY}</answer>${SPACE})?$`,
);
const NUMBER = String.raw`(0\.[0-9]{4}|1\.0000)`;
const POINT = new RegExp(String.raw`^(Positive|Negative) Point \(${NUMBER}, ${NUMBER}\)$`);
const ABSENT_PREFIX = 'Target absent';

const trim = (text: string): string => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');

/** The error is a sentence that the policy, too, can be told. */
export function parsePolicyText(text: string): Result<PolicyText, string> {
  const parts = STEP.exec(text);
  if (parts === null)
    return err(
      'The reply must be <think>...</think><action>...</action>, with <answer>...</answer> after Terminate.',
    );
  const reasoning = trim(parts[1] ?? '');
  const actionText = parts[2] ?? '';
  const answer = parts[3];
  if (actionText === 'Terminate') {
    const words = trim(answer ?? '');
    if (words === '') return err('Terminate must be followed by <answer>...</answer>.');
    return ok({
      reasoning,
      action: { kind: 'terminate', answer: words, targetAbsent: words.startsWith(ABSENT_PREFIX) },
    });
  }
  const point = POINT.exec(actionText);
  if (point === null)
    return err(
      'The action must be Positive Point (x, y), Negative Point (x, y) or Terminate, with x and y in [0, 1] and 4 decimals.',
    );
  if (answer !== undefined) return err('Only Terminate may be followed by an answer.');
  return ok({
    reasoning,
    action: {
      kind: 'click',
      label: point[1] === 'Positive' ? 'include' : 'exclude',
      normalised: { x: Number(point[2]), y: Number(point[3]) },
    },
  });
}

/** 4 decimals, halves rounded up: neither Python's nor JavaScript's own formatting does this alike. */
const formatCoordinate = (value: number): string =>
  (Math.floor(value * 10000 + 0.5) / 10000).toFixed(4);

/** A click as it stands inside the action tag and in the history. */
export function formatClick(click: {
  readonly label: 'include' | 'exclude';
  readonly normalised: NormalisedPoint;
}): string {
  const word = click.label === 'include' ? 'Positive' : 'Negative';
  return `${word} Point (${formatCoordinate(click.normalised.x)}, ${formatCoordinate(click.normalised.y)})`;
}

/**
 * Fills {request} {orientation} {history} {error} of a manifest's user template in one pass, so that braces
 * in a request stay as they are. Unknown placeholders stay too.
 */
export function formatUserPrompt(
  template: string,
  values: {
    readonly request: string;
    readonly orientation: string;
    readonly history: readonly string[];
    readonly error: string;
  },
): string {
  const words: Record<string, string> = {
    request: values.request,
    orientation: values.orientation,
    history: values.history.length === 0 ? 'none' : values.history.join('; '),
    error: values.error,
  };
  return template.replace(/\{([a-z]+)\}/g, (whole, name: string) => words[name] ?? whole);
}
