import { describe, expect, it } from 'vitest';

import { searchStructures, structures } from '../../../src/domain/anatomy.js';
import { describeSegment } from '../../../src/engine/export/segmentCodes.js';

const names = (text: string): string[] =>
  searchStructures(text).map(({ type, side }) =>
    side === null ? type.meaning : `${side.meaning} ${type.meaning}`,
  );

describe('the structures that a segment can be', () => {
  it('are found by any of their words, those that begin with it first', () => {
    expect(names('vent')[0]).toBe('Left ventricle');
    expect(names('artery')).toEqual(['Pulmonary artery', 'Common carotid artery']);
    expect(names('artery pulm')).toEqual(['Pulmonary artery']);
    expect(names('xyzzy')).toEqual([]);
    expect(names('')).toHaveLength(structures.length);
  });

  it('have a side where they are paired and the text names one', () => {
    expect(names('left kidney')).toEqual(['Left Kidney']);
    expect(searchStructures('right femur')[0]?.side?.value).toBe('24028007');
    expect(names('left')).toContain('Left ventricle');
    expect(names('left liver')).toEqual([]);
  });

  it('name a new segment that is called like one of them', () => {
    expect(describeSegment('Pancreas')).toMatchObject({
      label: 'pancreas',
      type: { value: '15776009' },
      modifier: null,
    });
    expect(describeSegment('Left adrenal gland')).toMatchObject({
      type: { value: '23451007' },
      modifier: { meaning: 'Left' },
    });
  });
});
