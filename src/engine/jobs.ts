/** Long work that a user may cancel by the id it was started under. */
export interface Jobs {
  run<T>(jobId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** No job of that id (it may just have ended) is no error. */
  cancel(jobId: string): void;
  cancelAll(): void;
}

export function createJobs(): Jobs {
  const running = new Map<string, AbortController>();
  return {
    run: async (jobId, work) => {
      const controller = new AbortController();
      running.get(jobId)?.abort(); // a reused id means that the first is no longer wanted
      running.set(jobId, controller);
      try {
        return await work(controller.signal);
      } finally {
        if (running.get(jobId) === controller) running.delete(jobId);
      }
    },
    cancel: (jobId) => running.get(jobId)?.abort(),
    cancelAll: () => {
      for (const controller of running.values()) controller.abort();
    },
  };
}
