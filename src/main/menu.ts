import { Menu } from 'electron';
import type { MenuItemConstructorOptions } from 'electron';

/**
 * The window's own controls are the menu. macOS needs its app and edit menus for copy and paste; elsewhere a
 * menu would take keys that the viewer uses (Ctrl+Z). Developers get reload and tools.
 */
export function setMenu(platform: NodeJS.Platform, packaged: boolean): void {
  const developer: MenuItemConstructorOptions = {
    label: 'Developer',
    submenu: [{ role: 'reload' }, { role: 'toggleDevTools' }],
  };
  const macMenus: MenuItemConstructorOptions[] = [
    { role: 'appMenu' },
    { role: 'editMenu' },
    { role: 'windowMenu' },
  ];
  const items = [...(platform === 'darwin' ? macMenus : []), ...(packaged ? [] : [developer])];
  Menu.setApplicationMenu(items.length === 0 ? null : Menu.buildFromTemplate(items));
}
