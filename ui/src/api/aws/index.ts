/**
 * The console over AWS: what a hub answers under `/quarterdeck/v1/` is made here of AWS's own operations, so that the pages are
 * the same. What AWS has nothing for is refused with `NotOffered`, and the pages say so before it is tried (`api/capabilities`).
 */
import { ApiFailure, type Host } from '../../host/host';
import { pollEvents } from './events';
import { invocationsOf } from './invocations';
import { facets, nodesPage, overview, preview } from './fleet';
import { readOutput } from './output';

type Query = Record<string, string> | undefined;
export type Call = (operation: string, input: object) => Promise<Record<string, unknown>>;

/** Answers of an endpoint that does not have an operation: AWS's own word, and those of servers that have only some of its API. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiFailure && /^(UnknownOperation(Exception)?|NotImplemented|Http(404|405|500|501)|InvalidAction)$/.test(error.code);
}

export function overAws(host: Host): Host {
  const call: Call = async (operation, input) => (await host.call(operation, input)) as Record<string, unknown>;
  const routes: Record<string, (query: Query) => Promise<unknown>> = {
    '/overview': () => overview(call),
    '/nodes': (query) => nodesPage(call, query ?? {}),
    '/nodes/facets': (query) => facets(call, query ?? {}),
    '/targets/preview': (query) => preview(call, query ?? {}),
  };
  return {
    ...host,
    async call(operation, input, permit) {
      try {
        return await host.call(operation, input, permit);
      } catch (error) {
        if (operation !== 'ListCommandInvocations' || !isMissing(error)) throw error;
        return invocationsOf(call, input as { CommandId?: string; InstanceId?: string }, error);
      }
    },
    async extension(method, path, query) {
      const route = method === 'GET' ? routes[path] : undefined;
      if (!route) throw new ApiFailure('NotOffered', `AWS has nothing for ${path}.`);
      return route(query);
    },
    events: (sink) => pollEvents(call, sink),
    readOutput: (ref, offset, max, wait, signal) => readOutput(call, ref, offset, max, wait, signal),
    eventsShown: undefined,
    enrolThisMachine: undefined,
    accessKey: undefined,
    listener: undefined,
  };
}
