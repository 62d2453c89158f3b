import { expect, test, type ElectronApplication } from '@playwright/test';

import { launchIbis, type LaunchedIbis } from '../e2e/support/launch.js';
import { processTree } from '../e2e/support/processes.js';
import { timeFirstImage, timeOpening, timeScroll } from './support/page.js';
import { median, quantile, record } from './support/results.js';
import { largeCt, makeStudies, thousandFiles, timePydicom } from './support/studies.js';

test.beforeAll(() => {
  makeStudies();
});

/** Paths given at the start are listed by the page itself, as dropped ones are. */
const open = (...folders: readonly string[]): Promise<LaunchedIbis> =>
  launchIbis({ args: folders });

test('from start to the first paint of the window', async () => {
  const shownMs: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    const begunMs = Date.now();
    const ibis = await launchIbis();
    const paintedMs = await ibis.page.evaluate(async () => {
      const painted = (): PerformanceEntry | undefined =>
        performance.getEntriesByName('first-contentful-paint')[0];
      while (painted() === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      return performance.timeOrigin + (painted()?.startTime ?? 0);
    });
    shownMs.push(paintedMs - begunMs);
    await ibis.close();
  }
  record({
    name: 'start to window shown, median of 5',
    value: median(shownMs),
    unit: 'ms',
    target: 3000,
  });
});

test('1,000 DICOM files listed, beside pydicom on the same files', async () => {
  const listedMs: number[] = [];
  const pydicomMs: number[] = [];
  const pixelsMs: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const ibis = await launchIbis();
    await expect.poll(() => ibis.enginePid()).not.toBeNull();
    await ibis.page.evaluate(() => window.ibis.invoke('listStudies', {})); // the engine is up
    const listed = await timeOpening(ibis.page, thousandFiles);
    expect(listed.images).toBe(1000);
    listedMs.push(listed.elapsedMs);
    await ibis.close();
    const pydicom = timePydicom(thousandFiles);
    expect(pydicom.files).toBe(1000);
    pydicomMs.push(pydicom.headersMs);
    pixelsMs.push(pydicom.pixelsMs);
  }
  const listed = median(listedMs);
  record(
    { name: '1,000 DICOM files listed, median of 3', value: listed, unit: 'ms', target: 1000 },
    { name: 'pydicom, headers of the same files', value: median(pydicomMs), unit: 'ms' },
    { name: 'pydicom, headers and pixels', value: median(pixelsMs), unit: 'ms' },
    { name: 'listed, pydicom headers / ours', value: median(pydicomMs) / listed, unit: 'times' },
  );
});

test('a CT of 512 x 512 x 300: first image, scrolling, memory', async () => {
  const firstMs: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const ibis = await open(thousandFiles, largeCt);
    await expect(ibis.page.getByText(/300 images/)).toBeVisible({ timeout: 60_000 });
    // The first series opens by itself: it is let finish.
    await expect(ibis.page.locator('[data-testid^="pane-"] canvas').first()).toBeVisible();
    await expect(ibis.page.getByLabel(/^Loading images/)).toHaveCount(0, { timeout: 60_000 });
    firstMs.push(await timeFirstImage(ibis.page, 300));
    if (run === 2) await measureOpenCt(ibis);
    await ibis.close();
  }
  record({ name: 'first image, median of 3', value: median(firstMs), unit: 'ms', target: 500 });
});

async function measureOpenCt(ibis: LaunchedIbis): Promise<void> {
  const progress = ibis.page.getByLabel(/^Loading images/);
  await expect(progress).toHaveCount(0, { timeout: 180_000 });
  await timeScroll(ibis.page, 10);
  const drawMs = await timeScroll(ibis.page, 120);
  record(
    { name: 'scroll, slices', value: 1000 / median(drawMs), unit: 'per s' },
    { name: 'scroll, p95 of one slice', value: quantile(drawMs, 0.95), unit: 'ms' },
  );
  const kinds = [
    { name: 'memory, main', test: /electron(?!.*--type=)/ },
    { name: 'memory, renderer', test: /--type=renderer/ },
    { name: 'memory, GPU process', test: /--type=gpu-process/ },
    { name: 'memory, engine', test: /engine\.js$/ },
  ];
  const tree = processTree(ibis.mainPid);
  for (const kind of kinds) {
    const found = tree.filter(({ command }) => kind.test.test(command));
    record({
      name: kind.name,
      value: found.reduce((sum, { residentMiB }) => sum + residentMiB, 0),
      unit: 'MiB',
      note: 'resident, 512 x 512 x 300 CT open',
    });
  }
}

/** Watches main's event loop from inside. */
async function watchMain(app: ElectronApplication): Promise<() => Promise<number>> {
  const watch = await app.evaluateHandle(() => {
    const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks');
    const histogram = monitorEventLoopDelay({ resolution: 5 });
    histogram.enable();
    return histogram;
  });
  return () => watch.evaluate((histogram) => histogram.max / 1e6);
}

test('main is not held up while the engine lists, encodes and runs the agent', async () => {
  const ibis = await launchIbis({ env: { IBIS_OPEN_DEMO: '1' } });
  await expect(ibis.page.locator('button.series')).toHaveCount(1, { timeout: 60_000 });
  const longestStall = await watchMain(ibis.app);
  await timeOpening(ibis.page, thousandFiles);
  const policyMs = await ibis.page.evaluate(runDemoSession);
  record({ name: 'longest stall of main', value: await longestStall(), unit: 'ms', target: 50 });
  await ibis.close();
  test.skip(policyMs === null, 'no policy is installed');
  if (policyMs !== null)
    record(
      { name: 'policy step, median', value: median(policyMs), unit: 'ms', target: 1000 },
      { name: 'policy step, p95', value: quantile(policyMs, 0.95), unit: 'ms' },
    );
});

/** Runs in the page: the demo's request through the agent; policy milliseconds a step, null without a policy. */
async function runDemoSession(): Promise<number[] | null> {
  const call = async <M extends Parameters<typeof window.ibis.invoke>[0]>(
    ...[method, params]: Parameters<typeof window.ibis.invoke<M>>
  ) => {
    const reply = await window.ibis.invoke<M>(method, params);
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  };
  const models = await call('listModels', {});
  const policy = models.find(({ role, problem }) => role === 'policy' && problem === null);
  const segmenter = models.find(({ role, problem }) => role === 'segmenter' && problem === null);
  if (policy === undefined || segmenter === undefined) return null;
  const demo = await call('openDemoStudy', {});
  if (demo.seriesId === null) throw new Error('the demo study has no series');
  const session = await call('startSession', {
    seriesId: demo.seriesId,
    phaseIndex: 0,
    axis: demo.axis,
    sliceIndex: demo.sliceIndex,
    window: null,
    prompt: demo.prompt,
    policyId: policy.id,
    segmenterId: segmenter.id,
    maxSteps: 10,
  });
  const ended = new Promise<void>((resolve) => {
    window.ibis.onEvent((event) => {
      if (event.kind === 'sessionChanged' && event.runState === 'stopped') resolve();
    });
  });
  await call('runSession', { sessionId: session.sessionId });
  await ended;
  const { steps } = await call('getSession', { sessionId: session.sessionId });
  return steps.map((step) => step.policyMs);
}
