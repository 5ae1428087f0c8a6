/** The frame of every page: title, what it is for, its actions; tells the shell the breadcrumbs and the window its title. */
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import { useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { createStore } from '../lib/store';

export interface Crumb {
  text: string;
  href: string;
}
export const crumbs = createStore<Crumb[]>([]);

export interface PageProps {
  title: string;
  description?: ReactNode;
  counter?: string;
  actions?: ReactNode;
  /** Pages above this one, outermost first. */
  parents?: Crumb[];
  children: ReactNode;
}

/** The page whose heading was last begun with, and whether a heading that had the focus went away. */
let begun: string | undefined;
let waiting = false;

/**
 * A new page begins at its heading: without it, the focus stays on a link of the page that went, or nowhere. Not on the first
 * page, which begins where every document does.
 */
function useHeadingFocus(): void {
  const path = useRouterState({ select: (state) => state.matches.at(-1)?.id ?? '' });
  const here = useRef(path);
  useLayoutEffect(() => {
    const heading = document.querySelector<HTMLElement>('main h1');
    if (heading) heading.tabIndex = -1;
    if (waiting || (begun !== undefined && begun !== here.current)) heading?.focus({ preventScroll: true });
    waiting = false;
    begun = here.current;
    return () => {
      // The page of something that was being read becomes the page of it.
      waiting = heading !== null && document.activeElement === heading;
    };
  }, []);
}

export function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}

export function Page({ title, description, counter, actions, parents, children }: PageProps) {
  useHeadingFocus();
  const trail = JSON.stringify(parents ?? []);
  useEffect(() => {
    crumbs.set([...(JSON.parse(trail) as Crumb[]), { text: title, href: '' }]);
    document.title = `${title} · Quarterdeck`;
  }, [title, trail]);
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} counter={counter} actions={actions}>
          {title}
        </Header>
      }
    >
      {children}
    </ContentLayout>
  );
}
