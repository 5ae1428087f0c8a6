import { useQuery } from '@tanstack/react-query';
import { host, type ListedConnection } from '../../host';

export const CONNECTIONS_KEY = ['connections'];

/** The person's connections, in their order; undefined while they are read, and in a browser. Another window may change them. */
export function useConnections(): { connections?: ListedConnection[]; error: unknown; refetch: () => void } {
  const query = useQuery({
    queryKey: CONNECTIONS_KEY,
    queryFn: () => host.connections?.list() ?? Promise.resolve([]),
    enabled: host.connections !== undefined,
    refetchInterval: 10_000,
  });
  return { connections: query.data, error: query.error, refetch: () => void query.refetch() };
}
