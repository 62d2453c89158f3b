import { writeFileSync } from 'node:fs';
import path from 'node:path';

const states = { expected: 'passed', unexpected: 'failed', flaky: 'failed', skipped: 'skipped' };

/** Writes what `npm test` sums up to the file named by IBIS_TEST_REPORT: see scripts/lib/summary.mjs. */
export default class PlaywrightReport {
  problems = [];

  onBegin(_config, suite) {
    this.suite = suite;
  }

  onError(error) {
    this.problems.push(error.message ?? String(error.value));
  }

  onEnd() {
    const results = (this.suite?.allTests() ?? []).map((test) => ({
      name: `${path.relative(process.cwd(), test.location.file)} > ${test.titlePath().slice(3).join(' > ')}`,
      // An unfinished test is "skipped" to Playwright; without a skip mark it is one that never ran.
      state:
        test.outcome() === 'skipped' && test.expectedStatus !== 'skipped'
          ? 'failed'
          : states[test.outcome()],
      note:
        test.annotations.find(({ type }) => type === 'skip' || type === 'fixme')?.description ?? '',
    }));
    writeFileSync(
      process.env.IBIS_TEST_REPORT,
      JSON.stringify({ results, problems: this.problems }),
    );
  }
}
