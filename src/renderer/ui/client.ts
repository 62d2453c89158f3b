import type {
  IbisEvent,
  MethodName,
  MethodParams,
  MethodResults,
  Reply,
} from '../../contract/channels.js';

/** Calls main or the engine. A failure of the channel itself is a failed reply too, so callers handle one shape. */
export async function call<M extends MethodName>(
  method: M,
  params: MethodParams<M>,
): Promise<Reply<MethodResults[M]>> {
  try {
    return await window.ibis.invoke(method, params);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { ok: false, error: { code: 'failed', message } };
  }
}

export const onEngineEvent = (listener: (event: IbisEvent) => void): (() => void) =>
  window.ibis.onEvent(listener);

/** Paths of dropped files and folders; those without a path (dragged from a web page) are left out. */
export const pathsOfDrop = (transfer: DataTransfer): string[] =>
  Array.from(transfer.files, (file) => window.ibis.pathOfFile(file)).filter((path) => path !== '');

export const thumbnailAddress = (seriesId: string): string =>
  `dicom://local/thumbnail/${encodeURIComponent(seriesId)}`;
