/** The console's own signs for its pages, drawn on a grid of 20 with one line weight. Pages without one use a Cloudscape icon. */
import type { ReactNode } from 'react';

/** By the page's path. The spokes of the first are those of the mark. */
export const GLYPHS: Record<string, ReactNode> = {
  '/': (
    <>
      <circle cx="10" cy="10" r="4.5" />
      <path d="M10 2v3.5M10 14.5V18M2 10h3.5M14.5 10H18M4.3 4.3l2.5 2.5M4.3 15.7l2.5-2.5M15.7 4.3l-2.5 2.5" />
      <path className="qd-glyph-brass" d="m12 12 4 4" />
    </>
  ),
  '/nodes': (
    <>
      <rect x="3" y="3" width="14" height="5.5" rx="1.5" />
      <rect x="3" y="11.5" width="14" height="5.5" rx="1.5" />
      <path d="M6 5.75h.01M6 14.25h.01M9.5 5.75H14M9.5 14.25H14" />
    </>
  ),
  '/activations': (
    <>
      <rect x="3" y="3" width="14" height="14" rx="3" />
      <path d="M10 6.5v7M6.5 10h7" />
    </>
  ),
  '/run': (
    <>
      <rect x="2.5" y="3.5" width="15" height="13" rx="2.5" />
      <path d="m5.5 7.5 2.5 2.5-2.5 2.5M10.5 13H14" />
    </>
  ),
  '/commands': (
    <>
      <circle cx="10" cy="10" r="7" />
      <path d="M10 6v4l2.8 1.8" />
    </>
  ),
  '/terminal': (
    <>
      <rect x="2.5" y="3" width="15" height="14" rx="2.5" />
      <path d="M10.8 3v14M5 8l1.8 1.8L5 11.6M13.4 8H15M13.4 11H15" />
    </>
  ),
  '/sessions': (
    <>
      <circle cx="10" cy="10" r="7" />
      <path d="m8.3 7.2 4.4 2.8-4.4 2.8z" strokeLinejoin="round" />
    </>
  ),
  '/documents': (
    <>
      <path d="M5.5 2.5h6L15.5 6.5v11h-10z" strokeLinejoin="round" />
      <path d="M11 2.8V7h4.2M8 10.5h5M8 13.5h5" />
    </>
  ),
  '/settings': (
    <>
      <path d="M3 6h7M14.5 6H17M3 14h2.5M10 14h7" />
      <circle cx="12.2" cy="6" r="2.2" />
      <circle cx="7.8" cy="14" r="2.2" />
    </>
  ),
  '/diagnostics': <path d="M2.5 10.5h3.2l2-5.5 3.4 10 2.3-7 1.4 2.5h2.7" strokeLinejoin="round" />,
};

export function Glyph({ children }: { children: ReactNode }) {
  return (
    <svg className="qd-glyph" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}
