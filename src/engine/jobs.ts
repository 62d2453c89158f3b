import type { Foreground } from './foreground.js';

/** Long work that a user may cancel by the id it was started under. */
export interface Jobs {
  run<T>(jobId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The same, for what the user does not wait for. */
  runInBackground<T>(jobId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** No job of that id (it may just have ended) is no error. */
  cancel(jobId: string): void;
  cancelAll(): void;
}

export function createJobs(foreground: Foreground): Jobs {
  const running = new Map<string, AbortController>();
  const runInBackground: Jobs['runInBackground'] = async (jobId, work) => {
    const controller = new AbortController();
    running.get(jobId)?.abort(); // a reused id means that the first is no longer wanted
    running.set(jobId, controller);
    try {
      return await work(controller.signal);
    } finally {
      if (running.get(jobId) === controller) running.delete(jobId);
    }
  };
  return {
    run: (jobId, work) => foreground.during(() => runInBackground(jobId, work)),
    runInBackground,
    cancel: (jobId) => running.get(jobId)?.abort(),
    cancelAll: () => {
      for (const controller of running.values()) controller.abort();
    },
  };
}
