/** How many clicks the agent needs to a good mask, beside the oracle that clicks on: a section of docs/models.md. */
import { clicksToIou, MOST_CLICKS, segmenterOf } from './evalFigures.mjs';
import { segmenterMethod } from './evalJobs.mjs';
import { of } from './policyFigures.mjs';
import { groupOf, shownIous } from './segmentersSection.mjs';

const cells = (rows) =>
  shownIous.map((iou) => {
    const found = clicksToIou(rows, iou);
    return found === null ? '' : `${found.clicks.toFixed(1)} (${String(found.missed)})`;
  });

/** `reports`: of the policy. `segmenterReports`: of the oracle that does not stop at IoU 0.80. */
export function renderAgentClicks(reports, segmenterReports) {
  const lines = reports.flatMap((report) => {
    const { dataset } = report;
    const agent = of(report.rows, 'agent');
    if (clicksToIou(agent, 1) === null) return []; // made before the IoU of each click was kept
    const same = segmenterReports.find(
      (other) => other.dataset === dataset && segmenterOf(other) === segmenterOf(report),
    );
    const oracle = of(same?.rows ?? [], segmenterMethod);
    const groups = [...new Set(agent.map(({ targetId }) => groupOf(dataset, targetId)))];
    return groups.map((group) => {
      const inGroup = ({ targetId }) => groupOf(dataset, targetId) === group;
      const own = agent.filter(inGroup);
      const all = [...cells(own), ...cells(oracle.filter(inGroup))];
      return `| ${[dataset, group, String(own.length), ...all].join(' | ')} |`;
    });
  });
  if (lines.length === 0) return [];
  const columns = ['agent', 'oracle'].flatMap((who) =>
    shownIous.map((iou) => `${who} NoC@${String(Math.round(100 * iou))}`),
  );
  return [
    "## The agent's clicks to a good mask",
    '',
    `Mean number of clicks until the mask has an IoU of ${shownIous.map((iou) => iou.toFixed(2)).join(' or ')} with the truth, ${String(MOST_CLICKS)} where it never has; in brackets, in how many`,
    `cases it never has. The agent does not know the truth and stops by itself: a case in which it stopped short of the IoU counts ${String(MOST_CLICKS)},`,
    'however few clicks it made. The oracle is the one of the table of segmenters, which knows the truth and clicks on.',
    '',
    `| set (test) | target | n | ${columns.join(' | ')} |`,
    `| --- | --- | ---: | ${columns.map(() => '---:').join(' | ')} |`,
    ...lines,
    '',
  ];
}
