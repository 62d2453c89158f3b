import type { OpenPathsResult } from '../contract/channels.js';
import { requireSomething } from '../engine/openedInput.js';
import type { CliEngine } from './openEngine.js';
import type { Output } from './output.js';

export { chooseSeries, chooseSlice, countSlices, requireSomething } from '../engine/openedInput.js';

const OPEN_JOB = 'cli-open';

/** Opens `input` with a bar; nothing that can be shown is an error with the first refusal's reason. */
export async function openInput(
  engine: CliEngine,
  input: string,
  output: Output,
): Promise<OpenPathsResult> {
  const progress = output.startProgress('Reading');
  const stop = engine.onEvent((event) => {
    if (event.kind === 'jobProgressed' && event.jobId === OPEN_JOB)
      progress.update(event.done, event.total);
  });
  try {
    const result = await engine.invoke('openPaths', { paths: [input], jobId: OPEN_JOB });
    requireSomething(result);
    return result;
  } finally {
    stop();
    progress.stop();
  }
}
