/**
 * What the endpoint said earlier, shown while it is away.
 *
 * The app keeps the answers of the reads named here and hands them back with the failure. A page then has something to show, and
 * the shell says above it of when that is.
 */
import { createStore } from '../lib/store';
import type { ApiFailure } from './host';

/** Reads of lists and details of the fleet. Not here: values and contents that are secrets, and output, of which there is too much. */
const OPERATIONS = new Set([
  'DescribeActivations',
  'DescribeDocument',
  'DescribeInstanceInformation',
  'GetCommandInvocation',
  'ListCommandInvocations',
  'ListCommands',
  'ListDocuments',
  'ListDocumentVersions',
  'ListTagsForResource',
]);
const PATHS = /^\/(overview|nodes(\/[^/]+)?)$/;

/** Whether the answers of an operation, or of a path under `/quarterdeck/v1`, are kept. */
export function isKept(operationOrPath: string): boolean {
  return OPERATIONS.has(operationOrPath) || PATHS.test(operationOrPath);
}

export interface StandIn {
  /** The oldest of what is shown, milliseconds since the epoch. */
  at: number;
  /** Why the endpoint could not be asked. */
  failure: ApiFailure;
}

/** Set while what was known earlier is shown. */
export const lastKnown = createStore<StandIn | undefined>(undefined);

/** The endpoint answered: nothing stands in any more. */
export function answered(): void {
  if (lastKnown.get()) lastKnown.set(undefined);
}

/** What came with the failure in place of an answer; without it, the failure. */
export function standIn(error: unknown, failure: ApiFailure): unknown {
  const known = typeof error === 'object' && error !== null && 'lastKnown' in error ? (error.lastKnown as { at?: unknown; answer?: unknown } | null) : null;
  if (!known || typeof known.at !== 'number') throw failure;
  const before = lastKnown.get()?.at ?? Number.POSITIVE_INFINITY;
  lastKnown.set({ at: Math.min(before, known.at), failure });
  return known.answer;
}
