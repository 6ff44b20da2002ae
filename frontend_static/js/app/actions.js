/**
 * What each shortcut and button does, by action id (see lib/keymap.js).
 *
 * @typedef {import('./workspace.js').Workspace} Workspace
 * @typedef {import('../viewer/viewer.js').ToolName} ToolName
 */
import { showShortcuts } from '../ui/help.js';

/** @type {Record<string, (workspace: Workspace) => unknown>} */
const ACTIONS = {
  submit: (workspace) => workspace.submit(),
  accept: (workspace) => workspace.viewer.finish() || workspace.acceptAll(),
  skip: (workspace) => workspace.skip(),
  flag: (workspace) => workspace.flag(),
  cancel: (workspace) => workspace.viewer.cancel(),
  undo: (workspace) => workspace.undo(),
  redo: (workspace) => workspace.redo(),
  help: (workspace) => showShortcuts(workspace.shortcuts.keys),
  swap: ({ viewer }) => viewer.setTool(viewer.tool === 'brush' ? 'eraser' : 'brush'),
  'brush.smaller': ({ viewer }) => viewer.growBrush(-1),
  'brush.larger': ({ viewer }) => viewer.growBrush(1),
  delete: (workspace) => workspace.deleteSelected(),
  'class.previous': (workspace) => workspace.labels.step(-1),
  'class.next': (workspace) => workspace.labels.step(1),
  invert: ({ viewer }) => viewer.invert(),
  reset: ({ viewer }) => viewer.reset(),
  peek: (workspace) => workspace.peek(true),
  hide: (workspace) => workspace.toggleOverlays(),
  mask: (workspace) => workspace.toggleFill(),
  'slice.previous': ({ viewer }) => viewer.scroll(-1),
  'slice.next': ({ viewer }) => viewer.scroll(1),
  'slice.back': ({ viewer }) => viewer.scroll(-10),
  'slice.forward': ({ viewer }) => viewer.scroll(10),
  'slice.first': ({ viewer }) => viewer.goTo(0),
  'slice.last': ({ viewer }) => viewer.goTo(viewer.count - 1),
};

/**
 * @param {Workspace} workspace
 * @param {string} id
 */
export function runAction(workspace, id) {
  const [group, rest] = id.split('.');
  if (group === 'tool') return workspace.setTool(/** @type {ToolName} */ (rest));
  if (group === 'preset') return workspace.viewer.applyPreset(Number(rest));
  if (group === 'class' && /^\d$/.test(rest)) return workspace.chooseNth(Number(rest) - 1);
  return ACTIONS[id]?.(workspace);
}
