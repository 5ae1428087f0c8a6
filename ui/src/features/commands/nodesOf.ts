/** The nodes of an earlier command on which it is to run again: those where it did not succeed, or those that wrote the same. */
import { call } from '../../api/call';
import { readUpTo, type Whole } from '../../api/paging';
import { getMembers } from '../../api/results';
import type { RunSearch } from './RunCommandPage';
import { MOST_IDS } from './runForm';

/** The hub filters by one status at a time. */
const NOT_GOOD = ['Failed', 'TimedOut', 'Cancelled'];
const PAGE = 50;

async function withStatus(id: string, status: string, limit: number): Promise<Whole<string>> {
  return readUpTo(async (token) => {
    const answer = await call('ListCommandInvocations', { CommandId: id, Filters: [{ key: 'Status', value: status }], MaxResults: PAGE, NextToken: token });
    return { items: (answer.CommandInvocations ?? []).map((item) => item.InstanceId ?? ''), nextToken: answer.NextToken };
  }, limit);
}

export async function nodesOf(id: string, { only, group, step }: Pick<RunSearch, 'only' | 'group' | 'step'>): Promise<Whole<string>> {
  if (group !== undefined) {
    return readUpTo(async (token) => {
      const answer = await getMembers(id, step, group, token, PAGE);
      return { items: answer.nodes.map((node) => node.id), nextToken: answer.next };
    }, MOST_IDS);
  }
  const all: Whole<string> = { items: [], cut: false };
  if (only !== 'failed') return all;
  for (const status of NOT_GOOD) {
    const some = await withStatus(id, status, MOST_IDS);
    all.items = [...new Set([...all.items, ...some.items])];
    all.cut ||= some.cut;
  }
  return { items: all.items.slice(0, MOST_IDS), cut: all.cut || all.items.length > MOST_IDS };
}
