import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { renderModelsPage } from '../../../scripts/modelsPage.mjs';

it('keeps docs/models.md equal to the stored reports', () => {
  const page = path.join(import.meta.dirname, '../../../docs/models.md');
  expect(readFileSync(page, 'utf8')).toBe(renderModelsPage());
});
