/** One typed call for every operation. No wrapper per operation: the table of operations is the wrapper. */
import { host } from '../host';
import type { Operations } from './operations';

export type OperationName = keyof Operations;
export type Input<Op extends OperationName> = Operations[Op]['input'];
export type Output<Op extends OperationName> = Operations[Op]['output'];

export async function call<Op extends OperationName>(operation: Op, input: Input<Op>, token?: string): Promise<Output<Op>> {
  return (await host.call(operation, input as object, token)) as Output<Op>;
}
