import { useQuery } from '@tanstack/react-query';
import { type ConnectionInfo, host } from '../host';

/** Still on its way: the hub inside the app opens, the keyring is asked, or this machine becomes its node. */
function isSettled(info: ConnectionInfo | undefined): boolean {
  if (!info) return false;
  if (info.failed !== undefined) return true;
  if (host.secrets && !info.secrets) return false;
  return info.endpoint !== '' && !['waiting', 'registering', 'restarting', 'retrying'].includes(info.thisMachine?.state ?? '');
}

/** The endpoint in use. Asked again every second until it is open, then seldom. */
export function useConnection(): ConnectionInfo | undefined {
  return useQuery({
    queryKey: ['connection'],
    queryFn: () => host.info(),
    staleTime: 60_000,
    refetchInterval: (query) => (isSettled(query.state.data) ? 60_000 : 1_000),
  }).data;
}
