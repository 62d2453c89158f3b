import type { SeriesId, SessionId, StudyId } from '../../src/domain/brand.js';
import type { SeriesStateCount } from '../../src/domain/review.js';
import type { SessionSummary } from '../../src/domain/session.js';
import type { Refusal, Series, SeriesSummary, StudySummary } from '../../src/domain/study.js';

/** Made-up worklists; ids are branded by hand since no engine made them. */
const series = (
  studyId: string,
  at: number,
  modality: string,
  description: string,
  imageCount: number,
  phaseCount = 1,
): SeriesSummary => ({
  seriesId: `${studyId}-${at}` as SeriesId,
  studyId: studyId as StudyId,
  seriesInstanceUID: `1.2.3.${at}`,
  sourceKind: 'dicom',
  modality,
  description,
  seriesNumber: at,
  bodyPart: '',
  imageCount,
  phaseCount,
  rows: 256,
  columns: 256,
});

const study = (
  id: string,
  patientName: string,
  studyDescription: string,
  studyDate: string,
  list: readonly SeriesSummary[],
): StudySummary => ({
  studyId: id as StudyId,
  studyInstanceUID: `1.2.${id}`,
  patientName,
  patientId: `ID-${id}`,
  patientBirthDate: '',
  patientSex: 'F',
  studyDate,
  studyDescription,
  accessionNumber: '',
  modalities: [...new Set(list.map((each) => each.modality))],
  series: list,
});

export const madeUpStudies: readonly StudySummary[] = [
  study('s1', 'Demo^Colin', 'Brain, template average', '19980401', [
    series('s1', 1, 'MR', 'T1 average, 27 scans', 181),
    series('s1', 2, 'MR', 'T1 sagittal reformat', 181),
  ]),
  study(
    's2',
    'Sample^Cardiac',
    'Cine short axis, function and viability with a long description',
    '20090512',
    [
      series('s2', 4, 'MR', 'SAX cine', 200, 20),
      series('s2', 5, 'MR', 'Late enhancement', 10),
      series('s2', 6, 'MR', 'Localiser', 1),
    ],
  ),
  study('s3', '', 'Head', '20110203', [
    series('s3', 2, 'CT', 'Bone 0.6 mm', 412),
    series('s3', 3, 'CT', '', 64),
  ]),
];

export const manySeries: readonly StudySummary[] = Array.from({ length: 500 }, (_unused, at) =>
  study(
    `m${at}`,
    `Patient^Number ${at}`,
    'Follow-up',
    '20240101',
    Array.from({ length: 10 }, (_none, k) => series(`m${at}`, k + 1, 'CT', `Series ${k + 1}`, 120)),
  ),
);

export const madeUpRefusals: readonly Refusal[] = [
  {
    fileName: 'IM000017.dcm',
    code: 'broken-file',
    reason: 'The file ends in the middle of its pixel data. Copy it again from its source.',
  },
  {
    fileName: 'report.pdf',
    code: 'not-dicom',
    reason: 'This is not an image: it is a PDF document.',
  },
  {
    fileName: 'US_video_0001.dcm',
    code: 'video-not-supported',
    reason: 'This is an MPEG-4 video, which Ibis does not read.',
  },
  {
    fileName: 'SR000002',
    code: 'no-pixels',
    reason: 'This DICOM file holds a report and no pixels.',
  },
];

export const madeUpSeries = (seriesId: string): Series => {
  const found = [...madeUpStudies, ...manySeries]
    .flatMap((each) => each.series)
    .find((each) => each.seriesId === seriesId);
  if (found === undefined) throw new Error(`no made-up series ${seriesId}`);
  return {
    ...found,
    frameOfReferenceUID: '1.2.3',
    volumes: [
      {
        phaseIndex: 0,
        phaseLabel: '',
        images: [],
        geometry: {
          dimensions: [181, 217, 181],
          spacingMm: [1, 1, 1],
          origin: [-90, -126, -72],
          direction: [
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
          ],
          orientationKnown: true,
        },
        warnings: [],
      },
    ],
  };
};

const summary = (at: number, prompt: string, rest: Partial<SessionSummary>): SessionSummary => ({
  sessionId: `session-${at}` as SessionId,
  seriesId: 's1-1' as SeriesId,
  prompt,
  patientName: 'Demo^Colin',
  studyDate: '19980401',
  modality: 'MR',
  seriesDescription: 'T1 average',
  axis: 'axial',
  sliceIndex: 86,
  createdAt: new Date(Date.now() - at * 4.1e6).toISOString(),
  updatedAt: new Date(Date.now() - at * 4e6).toISOString(),
  stepCount: 4,
  stopReason: null,
  decision: null,
  verdict: null,
  runState: 'stopped',
  ...rest,
});

export const madeUpSessions: readonly SessionSummary[] = [
  summary(1, 'left putamen', { runState: 'paused', stepCount: 2 }),
  summary(2, 'the whole hippocampus on the left side, without the amygdala', {
    runState: 'paused',
    stepCount: 7,
  }),
  summary(3, 'left ventricle', { decision: 'accepted', stopReason: 'policy-stop' }),
  summary(9, 'spleen', { stopReason: 'target-absent', stepCount: 1 }),
  summary(30, 'right thalamus', { stopReason: 'step-limit', stepCount: 20 }),
  summary(60, 'fetal head', { decision: 'rejected', stopReason: 'policy-stop' }),
  summary(90, '', { decision: 'edited', stopReason: 'user-stop', stepCount: 12 }),
];

/** Of the series of the first two studies. */
export const madeUpStates: readonly SeriesStateCount[] = [
  { seriesId: 's1-1' as SeriesId, state: 'completed', count: 1 },
  { seriesId: 's1-1' as SeriesId, state: 'flagged', count: 1 },
  { seriesId: 's1-1' as SeriesId, state: 'in-progress', count: 2 },
  { seriesId: 's2-4' as SeriesId, state: 'approved', count: 1 },
  { seriesId: 's2-5' as SeriesId, state: 'rejected', count: 1 },
];
