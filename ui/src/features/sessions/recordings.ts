/** Sessions and their recordings as the hub tells them beyond AWS, under `/quarterdeck/v1/`. AWS itself has sessions, and no recordings. */
import * as z from 'zod/mini';
import { call } from '../../api/call';
import { asFailure } from '../../api/errors';
import type { Page } from '../../api/paging';
import { ApiFailure, host } from '../../host';

const text = z.optional(z.nullable(z.string()));
const moment = z.optional(z.nullable(z.union([z.number(), z.string()])));

const Recording = z.object({ durationMs: z.number(), bytes: z.number(), complete: z.boolean(), cut: z.boolean(), withInput: z.boolean() });
const SessionRow = z.object({
  SessionId: z.string(),
  Target: text,
  Status: text,
  StartDate: moment,
  EndDate: moment,
  DocumentName: text,
  Owner: text,
  Reason: text,
  Details: text,
  MaxSessionDuration: text,
  Recording: z.optional(z.nullable(Recording)),
});
export type SessionRow = z.infer<typeof SessionRow>;
const Sessions = z.object({ sessions: z.array(SessionRow), nextToken: text });

const Hits = z.object({
  hits: z.array(z.object({ sessionId: z.string(), at: z.number(), text: z.string(), target: text, owner: text, startedAt: text })),
  nextToken: text,
});
export type Hit = z.infer<typeof Hits>['hits'][number];

function read<T>(schema: z.ZodMiniType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ApiFailure('InternalFailure', `The hub's answer has an unexpected shape: ${z.prettifyError(parsed.error)}`);
}

export type Which = 'active' | 'history';

export interface SessionsFilter {
  target?: string;
  owner?: string;
  session?: string;
}

/** A page of sessions; where the endpoint keeps no recordings, the same from the AWS operation. */
export function readSessions(which: Which, filter: SessionsFilter, max: number): (token: string | undefined) => Promise<Page<SessionRow>> {
  return async (token) => {
    const query: Record<string, string> = { state: which, max: String(max) };
    for (const [key, value] of Object.entries({ ...filter, token })) if (value) query[key] = value;
    try {
      const answer = read(Sessions, await host.extension('GET', '/sessions', query));
      return { items: answer.sessions, nextToken: answer.nextToken ?? undefined };
    } catch (error) {
      if (asFailure(error).code !== 'NotOffered') throw error;
    }
    const filters = [
      { key: 'Target' as const, value: filter.target },
      { key: 'Owner' as const, value: filter.owner },
      { key: 'SessionId' as const, value: filter.session },
    ].flatMap(({ key, value }) => (value ? [{ key, value }] : []));
    const answer = await call('DescribeSessions', { State: which === 'active' ? 'Active' : 'History', MaxResults: max, NextToken: token, Filters: filters.length > 0 ? filters : undefined });
    return { items: (answer.Sessions ?? []).map((session) => ({ ...session, SessionId: session.SessionId ?? '' })), nextToken: answer.NextToken };
  };
}

/** Where a text stands in recordings. One answer looks through a part; the token goes on, also when nothing was found so far. */
export async function searchRecordings(words: string, session?: string, token?: string): Promise<{ hits: Hit[]; nextToken?: string }> {
  const query: Record<string, string> = { q: words };
  if (session) query.session = session;
  if (token) query.token = token;
  const answer = read(Hits, await host.extension('GET', '/recordings/search', query));
  return { hits: answer.hits, nextToken: answer.nextToken ?? undefined };
}
