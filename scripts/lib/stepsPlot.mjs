import { scaleLinear } from 'd3-scale';

import { diceCurve, MOST_CLICKS } from './evalFigures.mjs';

/** Mean Dice against clicks, one panel a target: an SVG picture. */

const curves = [
  { method: 'agent', name: 'agent', colour: '#1f6feb', dash: 'none' },
  { method: 'oracle', name: 'oracle clicks, until IoU 0.80', colour: '#2da44e', dash: 'none' },
  { method: 'centre-click', name: 'one click at the centre', colour: '#8c959f', dash: '4 3' },
];
const panel = { width: 260, height: 190, left: 34, right: 10, top: 26, bottom: 34 };
const columns = 3;
const legendHeight = 24;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const label = (x, y, text, more = '') =>
  `<text x="${String(x)}" y="${String(y)}" ${more}>${escape(text)}</text>`;

function drawPanel(title, rows, offset) {
  const clicks = scaleLinear([1, MOST_CLICKS], [panel.left, panel.width - panel.right]);
  const dice = scaleLinear([0, 1], [panel.height - panel.bottom, panel.top]);
  const [left, right] = clicks.range();
  const bottom = dice(0);
  const grid = dice.ticks(5).flatMap((value) => {
    const y = dice(value).toFixed(1);
    return [
      `<line x1="${String(left)}" x2="${String(right)}" y1="${y}" y2="${y}" stroke="#d0d7de"/>`,
      label(left - 5, Number(y) + 3, value.toFixed(1), 'text-anchor="end"'),
    ];
  });
  const marks = [1, 5, 10, 15, 20].map((value) =>
    label(clicks(value).toFixed(1), bottom + 13, String(value), 'text-anchor="middle"'),
  );
  const lines = curves.flatMap(({ method, colour, dash }) => {
    const own = rows.filter((row) => row.method === method);
    if (own.length === 0) return [];
    const points = diceCurve(own, MOST_CLICKS).map(
      (value, step) => `${clicks(step + 1).toFixed(1)},${dice(value).toFixed(1)}`,
    );
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${dash}" points="${points.join(' ')}"/>`,
    ];
  });
  return [
    `<g transform="translate(${String(offset.x)} ${String(offset.y)})">`,
    label(left, 14, title, 'font-weight="600"'),
    ...grid,
    ...marks,
    label((left + right) / 2, bottom + 27, 'clicks', 'text-anchor="middle"'),
    ...lines,
    '</g>',
  ];
}

function drawLegend(shown) {
  const wide = 190;
  return shown.flatMap(({ name, colour, dash }, index) => [
    `<line x1="${String(panel.left + index * wide)}" x2="${String(panel.left + index * wide + 24)}" y1="12" y2="12" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${dash}"/>`,
    label(panel.left + index * wide + 30, 16, name),
  ]);
}

export function drawStepsPlot({ dataset, rows }) {
  const targetIds = [...new Set(rows.map(({ targetId }) => targetId))];
  const shown = curves.filter(({ method }) => rows.some((row) => row.method === method));
  const across = Math.min(columns, targetIds.length);
  const width = Math.max(across * panel.width, panel.left + shown.length * 190);
  const height = legendHeight + Math.ceil(targetIds.length / columns) * panel.height;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}" font-family="sans-serif" font-size="11" fill="#1f2328" role="img">`,
    `<title>${escape(dataset)}: mean Dice after each click</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...drawLegend(shown),
    ...targetIds.flatMap((targetId, index) =>
      drawPanel(
        targetId,
        rows.filter((row) => row.targetId === targetId),
        {
          x: (index % columns) * panel.width,
          y: legendHeight + Math.floor(index / columns) * panel.height,
        },
      ),
    ),
    '</svg>',
  ].join('\n')}\n`;
}
