/** The frame of every page: title, what it is for, its actions; tells the shell the breadcrumbs and the window its title. */
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import { type ReactNode, useEffect } from 'react';
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

export function Page({ title, description, counter, actions, parents, children }: PageProps) {
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
