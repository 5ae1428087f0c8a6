/** Links inside Cloudscape components are plain anchors; this makes them follow the router instead of loading a page. */
import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';

export function href(path: string): string {
  return `#${path}`;
}

/** Opens a path with its search, such as `/nodes?filter=…`. */
export function useOpen(): (path: string) => void {
  const navigate = useNavigate();
  return useCallback((path: string) => void navigate({ href: path } as Parameters<typeof navigate>[0]), [navigate]);
}

/** The part of Cloudscape's follow events that matters here: every component with links fires one of this shape. */
interface FollowEvent {
  detail: { href?: string; external?: boolean };
  preventDefault(): void;
}

export function useFollow(): (event: FollowEvent) => void {
  const open = useOpen();
  return useCallback(
    (event) => {
      const to = event.detail.href;
      if (!to?.startsWith('#') || event.detail.external) return;
      event.preventDefault();
      open(to.slice(1));
    },
    [open],
  );
}
