import { useQuery } from '@tanstack/react-query';
import { type ConnectionInfo, host } from '../host';

/** The endpoint in use; changes only when the app is told to use another one. */
export function useConnection(): ConnectionInfo | undefined {
  return useQuery({ queryKey: ['connection'], queryFn: () => host.info(), staleTime: Number.POSITIVE_INFINITY }).data;
}
