/** A page as a link to pass on: an address of the hub in a browser, one of the app's own where there is no such address. */
import { host } from '../host';

export function shareable(path: string): string {
  return host.kind === 'desktop' ? `quarterdeck:/${path}` : `${location.origin}${location.pathname}#${path}`;
}
