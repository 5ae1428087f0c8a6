/** One typed call for every operation. No wrapper per operation: the table of operations is the wrapper. */
import { host, type PlannedCall } from '../host';
import type { Operations } from './operations';

export type OperationName = keyof Operations;
export type Input<Op extends OperationName> = Operations[Op]['input'];
export type Output<Op extends OperationName> = Operations[Op]['output'];

/** Calls of one action, asked for once: the token goes with each of them. Undefined where nothing is asked. */
export function permit(calls: { [Op in OperationName]: { operation: Op; input: Input<Op> } }[OperationName][]): Promise<string | undefined> {
  return host.permit?.(calls as PlannedCall[]) ?? Promise.resolve(undefined);
}

export async function call<Op extends OperationName>(operation: Op, input: Input<Op>, token?: string): Promise<Output<Op>> {
  return (await host.call(operation, input as object, token)) as Output<Op>;
}
