import { createHash } from 'node:crypto';

import type { PolicyManifest } from '../../contract/manifest.js';
import { formatUserPrompt } from '../../domain/grammar.js';
import { emptyMask, packMask, unpackMask } from '../../domain/mask.js';
import { describeOrientation } from '../../domain/plane.js';
import { assertNever } from '../../domain/result.js';
import { getMaskInForce } from '../../domain/session.js';
import type { Step } from '../../domain/session.js';
import { findWay } from '../../domain/stepTree.js';
import { describeHistory } from '../agent/history.js';
import type { ExportInput } from './index.js';
import type { MadeFile } from './madeFile.js';
import { encodeRgbPng } from './overlayPicture.js';
import { bytes, encodeParquet, image, int64, list, string, struct } from './parquet.js';
import { findTaughtSteps, teaches } from './taughtSteps.js';

/**
 * A session as data sets of other trainers: LLaMA-Factory (ShareGPT), TRL and verl. One row a step to learn, with the
 * picture of its moment. The same rows as training/ibis_training/export_data.py makes of the session's trace.
 */
export type TrainingForm = 'sharegpt' | 'trl' | 'verl';

/** The words that the policy is asked with. */
export type Prompting = Pick<PolicyManifest['policy'], 'systemPrompt' | 'userTemplate'>;

interface Row {
  readonly user: string;
  readonly text: string; // to be written
  readonly picture: Uint8Array; // PNG
  readonly stepIndex: number;
}

function describeRow(step: Step, input: ExportInput, { userTemplate }: Prompting): Row {
  const { session, source } = input;
  const steps = input.steps.map((traced) => traced.step);
  const before = findWay(steps, step.followsStepIndex);
  const stoodOn = before.at(-1);
  const mask = stoodOn?.mask ?? null;
  const seen = input.renderObservation(mask === null ? null : unpackMask(mask));
  return {
    user: formatUserPrompt(userTemplate, {
      request: session.settings.target.text,
      orientation: describeOrientation(source.plane),
      history: describeHistory(
        before.map((each) => ({ step: each, lowResLogits: null })),
        source.plane,
      ),
      error: stoodOn?.action.kind === 'unparsed' ? stoodOn.action.problem : '',
    }),
    text: step.policyText,
    picture: encodeRgbPng(seen.width, seen.height, seen.data),
    stepIndex: step.stepIndex,
  };
}

function makeShareGpt(rows: readonly Row[], system: string): readonly MadeFile[] {
  const nameOf = (n: number): string => `images/${String(n).padStart(7, '0')}.png`;
  const table = rows.map(({ user, text }, n) => ({
    system,
    conversations: [
      { from: 'human', value: `<image>${user}` },
      { from: 'gpt', value: text },
    ],
    images: [nameOf(n)],
  }));
  const columns = { messages: 'conversations', system: 'system', images: 'images' };
  const info = { ibis: { file_name: 'ibis.json', formatting: 'sharegpt', columns } };
  return [
    ...rows.map(({ picture }, n) => ({ name: `llamafactory/${nameOf(n)}`, bytes: picture })),
    { name: 'llamafactory/ibis.json', bytes: `${JSON.stringify(table, null, 1)}\n` },
    { name: 'llamafactory/dataset_info.json', bytes: `${JSON.stringify(info, null, 1)}\n` },
  ];
}

const message = struct({ role: string, content: list(struct({ type: string, text: string })) });
const say = (role: string, ...content: readonly object[]): object => ({ role, content });
const words = (text: string): object => ({ type: 'text', text });

function makeTrl(rows: readonly Row[], system: string): readonly MadeFile[] {
  const made = encodeParquet(
    { prompt: list(message), completion: list(message), images: list(image) },
    rows.map(({ user, text, picture }) => ({
      prompt: [
        ...(system === '' ? [] : [say('system', words(system))]),
        say('user', { type: 'image', text: null }, words(user)),
      ],
      completion: [say('assistant', words(text))],
      images: [{ bytes: picture, path: null }],
    })),
  );
  return [{ name: 'trl/train.parquet', bytes: made }];
}

/** The mask that the user accepted, as a rule rewards by it; empty where they agreed that the target is absent. */
function describeTruth({ session, source, steps }: ExportInput): string {
  const { width, height } = source.plane;
  const last = getMaskInForce(steps.map(({ step }) => step));
  const present = session.stopReason !== 'target-absent' && last !== null;
  const mask = present ? last : packMask(emptyMask(width, height));
  const { bounds } = mask;
  return JSON.stringify({
    width: mask.width,
    height: mask.height,
    bounds: bounds && [bounds.left, bounds.top, bounds.right, bounds.bottom],
    bits: Buffer.from(mask.bits).toString('base64'),
  });
}

/** Sessions are named by a hash, as no more than that goes on. */
const hashOf = (sessionId: string): string =>
  createHash('sha256').update(`ibis ${sessionId}`).digest('hex').slice(0, 20);

function makeVerl(rows: readonly Row[], system: string, input: ExportInput): readonly MadeFile[] {
  const key = hashOf(input.session.sessionId);
  const truth = describeTruth(input);
  const made = encodeParquet(
    {
      data_source: string,
      ability: string,
      prompt: list(struct({ role: string, content: string })),
      images: list(struct({ bytes, path: string })),
      reward_model: struct({ style: string, ground_truth: string }),
      extra_info: struct({
        split: string,
        index: int64,
        trajectory_id: string,
        case_id: string,
        step_index: int64,
        reference: string,
      }),
    },
    rows.map(({ user, text, picture, stepIndex }, n) => ({
      data_source: 'ibis/workstation',
      ability: 'segmentation',
      prompt: [
        ...(system === '' ? [] : [{ role: 'system', content: system }]),
        { role: 'user', content: `<image>${user}` },
      ],
      images: [{ bytes: picture, path: null }],
      reward_model: { style: 'rule', ground_truth: truth },
      extra_info: {
        split: 'train',
        index: BigInt(n),
        trajectory_id: `workstation-${key}`,
        case_id: `workstation/${key}`,
        step_index: BigInt(stepIndex),
        reference: text,
      },
    })),
  );
  return [{ name: 'verl/train.parquet', bytes: made }];
}

/** Files, or a sentence that says why the session teaches nothing. */
export function makeTrainingForm(
  input: ExportInput,
  form: TrainingForm,
): readonly (MadeFile | string)[] {
  const { session, reviews, prompting } = input;
  if (!teaches(session, reviews))
    return ['Only accepted or approved sessions teach: no training data were written.'];
  if (prompting === undefined)
    return ['The policy of this session cannot be used here: no training data were written.'];
  const steps = input.steps.map(({ step }) => step);
  const rows = findTaughtSteps(steps).map((step) => describeRow(step, input, prompting));
  if (rows.length === 0)
    return ['No step of a policy was left standing: no training data were written.'];
  switch (form) {
    case 'sharegpt':
      return makeShareGpt(rows, prompting.systemPrompt);
    case 'trl':
      return makeTrl(rows, prompting.systemPrompt);
    case 'verl':
      return makeVerl(rows, prompting.systemPrompt, input);
    default:
      return assertNever(form);
  }
}
