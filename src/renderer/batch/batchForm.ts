import type { MethodParams } from '../../contract/channels.js';
import type { BatchSlice } from '../../domain/batchCase.js';
import type { SeriesId } from '../../domain/brand.js';
import type { SliceAxis } from '../../domain/plane.js';

type CasesFrom = MethodParams<'createBatch'>['from'];

/** What the dialog for a new batch holds. */
export interface BatchForm {
  readonly from: 'chosen' | 'listed' | 'folder' | 'list';
  /** Of the folder or the list; '' before one was picked. */
  readonly path: string;
  /** One request a line. */
  readonly requests: string;
  readonly axis: SliceAxis;
  readonly slice: 'middle' | 'number';
  readonly sliceNumber: number; // as the image is labelled, from 1
}

export const readRequests = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
];

/** What to ask the engine for, or the sentence that says what is missing. */
export function describeCases(
  form: BatchForm,
  series: { readonly chosen: readonly SeriesId[]; readonly listed: readonly SeriesId[] },
): CasesFrom | string {
  if (form.from === 'list')
    return form.path === '' ? 'Choose the list.' : { kind: 'list', path: form.path };
  const prompts = readRequests(form.requests);
  if (prompts.length === 0) return 'Write what to segment, one request a line.';
  const slice: BatchSlice = form.slice === 'middle' ? 'middle' : form.sliceNumber - 1;
  const asked = { prompts, axis: form.axis, slice };
  if (form.from === 'folder')
    return form.path === '' ? 'Choose the folder.' : { kind: 'folder', path: form.path, ...asked };
  const seriesIds = [...series[form.from]];
  return seriesIds.length === 0
    ? 'There is no series to take.'
    : { kind: 'series', seriesIds, ...asked };
}
