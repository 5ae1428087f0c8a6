/** What a command came to, seen over all its nodes: outputs, groups of the same output, and places where a text stands. */
import * as z from 'zod/mini';
import { host } from '../host';
import { present, read } from './extension';

const text = z.optional(z.nullable(z.string()));
const count = z.catch(z.number(), 0);

const Stream = z.object({ total: count });
const Outputs = z.object({
  steps: z.array(
    z.object({
      step: z.string(),
      status: text,
      code: z.optional(z.nullable(z.number())),
      streams: z.object({ stdout: Stream, stderr: Stream }),
    }),
  ),
});

export async function getOutputs(command: string, node: string): Promise<z.infer<typeof Outputs>> {
  return read(Outputs, await host.extension('GET', `/commands/${encodeURIComponent(command)}/invocations/${encodeURIComponent(node)}/outputs`));
}

const Member = z.object({ id: z.string(), name: text });
export type Member = z.infer<typeof Member>;
const Sample = z.object({ bytes: count, sample: z.catch(z.string(), ''), truncated: z.catch(z.boolean(), false) });
export type Sample = z.infer<typeof Sample>;
const Group = z.object({
  id: z.string(),
  status: z.string(),
  exitCode: z.optional(z.nullable(z.number())),
  count,
  nodes: z.array(Member),
  stdout: Sample,
  stderr: Sample,
});
export type OutputGroup = z.infer<typeof Group>;
const Groups = z.object({ steps: z.array(z.string()), complete: z.catch(z.boolean(), true), groups: z.array(Group), total: z.optional(z.number()) });
export type OutputGroups = z.infer<typeof Groups>;

/** Nodes whose step wrote the same, largest group first. Without a step, the first. */
export async function getGroups(command: string, query: { step?: string; status?: string }): Promise<OutputGroups> {
  return read(Groups, await host.extension('GET', `/commands/${encodeURIComponent(command)}/groups`, present(query)));
}

const Members = z.object({ nodes: z.array(Member), next: text });

export async function getMembers(command: string, step: string | undefined, group: string, after: string | undefined, max: number): Promise<z.infer<typeof Members>> {
  const path = `/commands/${encodeURIComponent(command)}/groups/${encodeURIComponent(group)}/nodes`;
  return read(Members, await host.extension('GET', path, present({ step, after, max: String(max) })));
}

const Match = z.object({ instanceId: z.string(), name: text, step: z.string(), stream: z.enum(['stdout', 'stderr']), line: z.number(), text: z.string() });
export type Match = z.infer<typeof Match>;
const Matches = z.object({ matches: z.array(Match), next: text, truncated: z.catch(z.boolean(), false) });
export type Matches = z.infer<typeof Matches>;

/** Lines of all outputs of a command that hold a text, whatever its case. */
export async function searchOutputs(command: string, q: string, after: string | undefined, max: number): Promise<Matches> {
  return read(Matches, await host.extension('GET', `/commands/${encodeURIComponent(command)}/search`, present({ q, after, max: String(max) })));
}
