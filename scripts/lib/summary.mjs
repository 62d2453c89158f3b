/**
 * What the stages of `npm test` came to. A stage: { name, results, problems, elapsedMs } with results
 * { name, state: 'passed' | 'failed' | 'skipped', note }. A problem is a failure that belongs to no test.
 */
export function countResults(stages) {
  const count = (state) =>
    stages.reduce((sum, { results }) => sum + results.filter((r) => r.state === state).length, 0);
  return {
    passed: count('passed'),
    failed: count('failed') + stages.reduce((sum, { problems }) => sum + problems.length, 0),
    skipped: count('skipped'),
  };
}

const firstLine = (text) => text.split('\n')[0];
const inSeconds = (elapsedMs) => `${(elapsedMs / 1000).toFixed(1)} s`.padStart(8);

/** Lines for people, then the closing line for programs. */
export function summarise(stages) {
  const lines = ['', 'Summary'];
  for (const stage of stages) {
    const { passed, failed, skipped } = countResults([stage]);
    lines.push(
      `  ${stage.name.padEnd(12)} ${inSeconds(stage.elapsedMs)}   ` +
        `${passed} passed, ${failed} failed, ${skipped} skipped`,
    );
  }
  const every = (state) =>
    stages.flatMap(({ results }) => results.filter((result) => result.state === state));
  const skipped = every('skipped');
  if (skipped.length > 0) lines.push('', 'Skipped');
  for (const { name, note } of skipped)
    lines.push(`  - ${name}${note === '' ? '' : `: ${firstLine(note)}`}`);
  const problems = stages.flatMap((stage) =>
    stage.problems.map((problem) => `${stage.name}: ${firstLine(problem)}`),
  );
  const failed = [...every('failed').map(({ name }) => name), ...problems];
  if (failed.length > 0) lines.push('', 'Failed');
  for (const name of failed) lines.push(`  - ${name}`);

  const total = countResults(stages);
  lines.push('', `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return lines;
}
