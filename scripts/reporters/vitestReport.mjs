import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Writes what `npm test` sums up to the file named by IBIS_TEST_REPORT: see scripts/lib/summary.mjs. */
export default class VitestReport {
  onTestRunEnd(modules, unhandledErrors) {
    const results = [];
    const problems = unhandledErrors.map((error) => error.message);
    for (const module of modules) {
      const file = path.relative(process.cwd(), module.moduleId);
      problems.push(...module.errors().map((error) => `${file}: ${error.message}`));
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        results.push({
          name: `${file} > ${test.fullName}`,
          // A test that never ran (its file broke, or the run ended) has not passed.
          state: state === 'pending' ? 'failed' : state,
          note: note ?? '',
        });
      }
      for (const suite of module.children.allSuites())
        problems.push(
          ...suite.errors().map((error) => `${file} > ${suite.fullName}: ${error.message}`),
        );
    }
    writeFileSync(process.env.IBIS_TEST_REPORT, JSON.stringify({ results, problems }));
  }
}
