import type { CodedConcept, Segment } from '../../domain/segmentation.js';
import { segmentSources } from '../export/algorithmType.js';
import { makeCode } from './codes.js';

/** 'SCT|10200004|Liver', as `describeLabelTable` writes it; null for anything else. */
function parseCode(text: string | undefined): CodedConcept | null {
  const [scheme = '', value = '', ...meaning] = (text ?? '').split('|');
  return meaning.length === 0 ? null : makeCode(scheme, value, meaning.join('|'));
}

/** A BIDS label table (`_dseg.tsv`): label -> what it says of it. Lines without a whole `index` are passed over. */
export function readLabelTable(text: string): ReadonlyMap<number, Partial<Segment>> {
  const [head = '', ...lines] = text.split(/\r?\n/);
  const columns = head.split('\t').map((name) => name.trim().toLowerCase());
  const table = new Map<number, Partial<Segment>>();
  for (const line of lines) {
    const cells = line.split('\t');
    const cell = (name: string): string | undefined => {
      const found = cells[columns.indexOf(name)]?.trim();
      return found === '' || found === 'n/a' ? undefined : found;
    };
    const index = Number(cell('index'));
    if (!Number.isInteger(index) || index < 1) continue;
    const colour = cell('color')?.toLowerCase();
    const [category, type] = [parseCode(cell('category')), parseCode(cell('type'))];
    const source = segmentSources.find((known) => known === cell('source'));
    table.set(index, {
      segmentLabel: cell('name') ?? '',
      ...(colour !== undefined && /^#[0-9a-f]{6}$/.test(colour) ? { colour } : {}),
      ...(category === null ? {} : { category }),
      ...(type === null ? {} : { type }),
      modifier: parseCode(cell('modifier')),
      ...(source === undefined ? {} : { source }),
    });
  }
  return table;
}
