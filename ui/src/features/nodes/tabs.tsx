/** The tabs of a node's page, in order. Another family adds its own with a line here. */
import type { ReactNode } from 'react';
import type { NodeRow } from '../../api/extension';
import type { TextKey } from '../../i18n';
import { CommandsTab } from './CommandsTab';
import { ConnectionTab } from './ConnectionTab';
import { OverviewTab } from './OverviewTab';
import { TagsTab } from './TagsTab';

export interface NodeTab {
  /** In the address: `/nodes/ID?tab=…`. */
  id: string;
  title: TextKey;
  Content: (props: { node: NodeRow }) => ReactNode;
}

export const NODE_TABS: NodeTab[] = [
  { id: 'overview', title: 'nodes.tab.overview', Content: OverviewTab },
  { id: 'commands', title: 'nodes.tab.commands', Content: CommandsTab },
  { id: 'tags', title: 'nodes.tab.tags', Content: TagsTab },
  { id: 'connection', title: 'nodes.tab.connection', Content: ConnectionTab },
];
