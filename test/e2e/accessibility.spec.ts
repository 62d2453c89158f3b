import { expect, test } from '@playwright/test';

import { ibisWindow } from './pages/ibisWindow.js';
import { imagePane } from './pages/imagePane.js';
import { measurePanel } from './pages/measurePanel.js';
import { shareDemoWindow } from './support/demo.js';

test.describe.serial('the window for every reader', () => {
  const ibis = shareDemoWindow({ needsPolicy: false });

  for (const tab of ['Segments', 'Measure', 'Agent'])
    test.describe(`with its tab ${tab} on top`, () => {
      test.beforeAll(async () => {
        await ibis.page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
        if (tab === 'Measure') {
          const image = imagePane(ibis.page);
          await ibis.page.keyboard.press('Shift+R');
          await image.drag(await image.placeOf(0.5, 0.5), await image.placeOf(0.6, 0.6));
          await expect(measurePanel(ibis.page).rows).toHaveCount(1);
        }
        if (tab !== 'Segments') return;
        await ibis.page.keyboard.press('Shift+G');
        await ibis.page.getByLabel('Name of the segment').press('Enter');
        await expect(ibis.page.getByRole('region', { name: 'Tools' })).toBeVisible();
      });

      test('names every control', async () => {
        const unnamed = await ibis.page.evaluate(() =>
          [
            ...document.querySelectorAll(
              'button, input, select, textarea, [role=slider], [role=tab]',
            ),
          ]
            .filter((element) => element.checkVisibility())
            .filter((element) => {
              const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
              return [element, ...labels].every(
                (named) =>
                  (named.getAttribute('aria-label') ??
                    named.getAttribute('aria-labelledby') ??
                    named.textContent.trim()) === '',
              );
            })
            .map((element) => element.outerHTML.slice(0, 160)),
        );
        expect(unnamed).toEqual([]);
      });

      test('writes nothing smaller than 12 px', async () => {
        const small = await ibis.page.evaluate(() =>
          [...document.querySelectorAll('body *')]
            .filter(
              (element) =>
                element.checkVisibility() &&
                [...element.childNodes].some(
                  (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
                ) &&
                parseFloat(getComputedStyle(element).fontSize) < 12,
            )
            .map((element) => `${element.tagName} ${element.textContent.slice(0, 40)}`),
        );
        expect(small).toEqual([]);
      });

      test('writes legibly: 4.5 to 1 at least against what lies behind (WCAG AA)', async () => {
        const faint = await ibis.page.evaluate(() => {
          const channels = (colour: string): number[] =>
            (colour.match(/[\d.]+/g) ?? []).map(Number);
          const luminance = (colour: string): number => {
            const [r = 0, g = 0, b = 0] = channels(colour).map((value) => {
              const part = value / 255;
              return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const isOpaque = (colour: string): boolean => (channels(colour)[3] ?? 1) === 1;
          const backgroundOf = (element: Element | null): string => {
            if (element === null) return 'rgb(0, 0, 0)';
            const colour = getComputedStyle(element).backgroundColor;
            return isOpaque(colour) ? colour : backgroundOf(element.parentElement);
          };
          return [...document.querySelectorAll('body *')]
            .filter(
              (element) =>
                element.checkVisibility() &&
                element.closest(':disabled, .is-disabled, .pane') === null &&
                [...element.childNodes].some(
                  (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
                ),
            )
            .map((element) => {
              const front = luminance(getComputedStyle(element).color);
              const behind = luminance(backgroundOf(element));
              const ratio = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
              return { text: element.textContent.trim().slice(0, 40), ratio };
            })
            .filter(({ ratio }) => ratio < 4.5);
        });
        expect(faint).toEqual([]);
      });
    });

  test('reaches the request by keyboard alone, with the focus to be seen', async () => {
    const view = ibisWindow(ibis.page);
    await ibis.page.keyboard.press('/');
    await expect(view.request).toBeFocused();
    await ibis.page.keyboard.press('Escape');
    await ibis.page.keyboard.press('Escape');
    await view.studies.focus();
    await ibis.page.keyboard.press('ArrowRight');
    await expect(view.sessions).toBeFocused();
    await ibis.page.keyboard.press('ArrowLeft');
    await expect(view.studies).toBeFocused();
    await ibis.page.keyboard.press('Tab');
    const outline = await ibis.page.evaluate(() => {
      const focused = document.activeElement;
      if (focused === null) return 'nothing is focused';
      const field = focused.closest('.el-input__wrapper');
      return `${getComputedStyle(focused).outlineStyle} ${field === null ? '' : getComputedStyle(field).boxShadow}`;
    });
    expect(outline).not.toBe('none ');
    expect(outline).not.toBe('none none');
  });

  test('lists its keys on ?, and takes a changed one at once', async () => {
    const view = ibisWindow(ibis.page);
    await view.studies.focus();
    await ibis.page.keyboard.press('?');
    const dialog = ibis.page.getByRole('dialog', { name: 'Keys' });
    await expect(dialog).toBeVisible();
    await dialog.getByRole('button', { name: 'Change the key of Zoom' }).click();
    await ibis.page.keyboard.press('q');
    await expect(dialog.getByRole('button', { name: 'Change the key of Zoom' })).toContainText('Q');
    await ibis.page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await ibis.page.keyboard.press('q');
    await expect(view.tool('Zoom')).toHaveAttribute('aria-pressed', 'true');
  });

  test('remembers a folded panel after a reload', async () => {
    const view = ibisWindow(ibis.page);
    await view.tool('Hide the worklist').click();
    await expect(view.worklist).toBeHidden();
    await ibis.page.reload();
    await expect(view.tool('Show the worklist')).toBeVisible();
    await expect(view.worklist).toBeHidden();
    await view.tool('Show the worklist').click();
    await expect(view.worklist).toBeVisible();
  });
});
