export const isMac = /mac/i.test(navigator.platform);

/** Is the person typing text? Then single keys are text, not shortcuts. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** Whether a dialog is in front of the page: keys are its own then. Ours and Cloudscape's; the latter keep closed ones in the page. */
export function isDialogOpen(): boolean {
  return [...document.querySelectorAll('dialog[open], [role="dialog"]')].some((dialog) => dialog.getClientRects().length > 0);
}

/** A key pressed while an input method composes belongs to the input method. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
