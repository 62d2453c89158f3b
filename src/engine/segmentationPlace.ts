import { IbisError } from '../contract/errors.js';
import type { ImportSearch } from '../contract/segmentationFileChannels.js';
import type { SeriesId } from '../domain/brand.js';
import type { ImageInfo, Series } from '../domain/study.js';
import { loadSegmentation, nameImage } from './import/index.js';
import type { ImportedSegmentation, SeriesGrid } from './import/index.js';
import { loadReference, mayLieOn } from './import/readReference.js';
import type { ImageReference } from './import/readReference.js';
import { getGrid } from './segmentations/grid.js';
import type { VolumePlace } from './segmentations/index.js';

/** A file's segmentation and the volume that it lies on. */
export interface PlacedSegmentation extends ImportedSegmentation {
  readonly place: VolumePlace;
}

export const imagesOf = (series: Series, phaseIndex: number): readonly ImageInfo[] =>
  series.volumes[phaseIndex]?.images ?? [];

/** As an importer sees one volume of a series. */
function describeGrid(series: Series, phaseIndex: number): SeriesGrid {
  const images = imagesOf(series, phaseIndex);
  const own = new Set(images.map(nameImage));
  const others = series.volumes.flatMap((volume) => volume.images.map(nameImage));
  return {
    geometry: getGrid(series, phaseIndex),
    seriesInstanceUID: series.sourceKind === 'dicom' ? series.seriesInstanceUID : '',
    frameOfReferenceUID: series.frameOfReferenceUID,
    images,
    imagesOfOtherPhases: new Set(others.filter((name) => !own.has(name))),
  };
}

const nameSeries = ({ description, seriesNumber, modality }: Series): string =>
  description !== '' ? `"${description}"` : `${modality} ${String(seriesNumber ?? '')}`.trimEnd();

/** Phases of a series that form a volume, that one first which is looked at. */
const volumesOf = (series: Series, here: VolumePlace | null): readonly VolumePlace[] =>
  series.volumes
    .flatMap(({ geometry }, phaseIndex) =>
      geometry === null ? [] : [{ seriesId: series.seriesId, phaseIndex }],
    )
    .sort((a, b) => Number(isSamePlace(b, here)) - Number(isSamePlace(a, here)));

const isSamePlace = (a: VolumePlace, b: VolumePlace | null): boolean =>
  a.seriesId === b?.seriesId && a.phaseIndex === b.phaseIndex;

/** Tries volumes one after the other, each once, and keeps why they were refused. */
function createTries(load: (place: VolumePlace) => Promise<PlacedSegmentation>) {
  const refusals = new Map<SeriesId, IbisError>();
  const tried: VolumePlace[] = [];
  return {
    /** Null: it does not lie there. Rejects where it can be read nowhere. */
    tryOn: async (place: VolumePlace): Promise<PlacedSegmentation | null> => {
      if (tried.some((earlier) => isSamePlace(earlier, place))) return null;
      tried.push(place);
      try {
        return await load(place);
      } catch (thrown) {
        const isMisfit =
          thrown instanceof IbisError && ['does-not-fit', 'no-geometry'].includes(thrown.code);
        if (!isMisfit) throw thrown;
        if (!refusals.has(place.seriesId)) refusals.set(place.seriesId, thrown);
        return null;
      }
    },
    /** Of the first volume of a series that was tried. */
    whyNot: (seriesId: SeriesId | undefined): string | null =>
      (seriesId === undefined ? undefined : refusals.get(seriesId))?.message ?? null,
  };
}

function describeMissing(reference: ImageReference | null): string {
  const uid = reference?.seriesInstanceUIDs[0];
  if (reference === null || uid === undefined)
    return 'It fits none of the open series: open the images that it was made on first.';
  return `It refers to the series ${uid}${reference.ofStudy}, which is not open: open its images first.`;
}

/**
 * Reads a file onto the volume that it was made on: by what the file names first; only where nothing that it names is
 * open, by its grid, and then on one series alone. Rejects with IbisError: 'does-not-fit' with a reason that says which
 * series it refers to, where the file says so.
 */
export async function placeSegmentation(
  file: string,
  { here, search }: { readonly here: VolumePlace | null; readonly search: ImportSearch },
  open: readonly Series[],
): Promise<PlacedSegmentation> {
  const seriesOf = (seriesId: SeriesId): Series => {
    const found = open.find((series) => series.seriesId === seriesId);
    if (found === undefined)
      throw new IbisError('no-series', 'The series is not open. Open its study first.');
    return found;
  };
  const load = async (place: VolumePlace): Promise<PlacedSegmentation> => {
    const grid = describeGrid(seriesOf(place.seriesId), place.phaseIndex);
    return { ...(await loadSegmentation(file, grid)), place };
  };
  const told = (placed: PlacedSegmentation, how: string): PlacedSegmentation => {
    const { seriesId, phaseIndex } = placed.place;
    if (here === null || isSamePlace(placed.place, here)) return placed;
    const series = seriesOf(seriesId);
    const phase = series.volumes[phaseIndex]?.phaseLabel ?? '';
    const where =
      seriesId === here.seriesId
        ? `the phase ${phase === '' ? String(phaseIndex + 1) : `"${phase}"`} of this series`
        : `the series ${nameSeries(series)}`;
    return { ...placed, notes: [`${how} ${where} and lies there.`, ...placed.notes] };
  };
  if (search === 'here') {
    if (here === null) throw new IbisError('usage', 'There is no series to lay it on.');
    return load(here);
  }

  const { tryOn, whyNot } = createTries(load);
  const onHere = async (): Promise<PlacedSegmentation | null> => (here ? tryOn(here) : null);
  const first = search === 'here-first' ? await onHere() : null;
  if (first !== null) return first;

  const reference = await loadReference(file);
  const named = open.filter(
    ({ sourceKind, seriesInstanceUID }) =>
      sourceKind === 'dicom' && reference?.seriesInstanceUIDs.includes(seriesInstanceUID) === true,
  );
  for (const place of named.flatMap((series) => volumesOf(series, here))) {
    const placed = await tryOn(place);
    if (placed !== null) return told(placed, 'It was made on');
  }
  const [refusing] = named;
  if (refusing !== undefined) {
    const why = whyNot(refusing.seriesId) ?? 'Its images form no volume.';
    const prefix = `It refers to the series ${nameSeries(refusing)} and does not fit there: `;
    throw new IbisError('does-not-fit', refusing.seriesId === here?.seriesId ? why : prefix + why);
  }

  const shown = await onHere();
  if (shown !== null) return shown;
  const byGrid: PlacedSegmentation[] = [];
  for (const series of open)
    for (const place of volumesOf(series, here)) {
      if (byGrid.some((earlier) => earlier.place.seriesId === series.seriesId)) continue;
      if (!mayLieOn(reference, describeGrid(series, place.phaseIndex))) continue;
      const placed = await tryOn(place);
      if (placed !== null) byGrid.push(placed);
    }
  const [only, second] = byGrid;
  if (only !== undefined && second === undefined) return told(only, 'It fits');
  if (only !== undefined) {
    const names = byGrid.map(({ place }) => nameSeries(seriesOf(place.seriesId)));
    throw new IbisError(
      'does-not-fit',
      `It fits ${String(names.length)} of the open series (${names.join(', ')}): show the one that it belongs to, then import it.`,
    );
  }
  const why = whyNot(here?.seriesId);
  const isNamed = reference !== null && reference.seriesInstanceUIDs.length > 0;
  const missing = describeMissing(reference);
  throw new IbisError('does-not-fit', why === null ? missing : isNamed ? `${why} ${missing}` : why);
}
