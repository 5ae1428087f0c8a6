import { expect, it } from 'vitest';
import { progressType } from './commandStatus';

it.each([
  [{ Status: 'InProgress', StatusDetails: 'InProgress' }, 'in-progress'],
  [{ Status: 'Cancelling', StatusDetails: 'Cancelling' }, 'in-progress'],
  [{ Status: 'Success', StatusDetails: 'Success' }, 'success'],
  [{ Status: 'Success', StatusDetails: 'Success', ErrorCount: 1 }, 'error'],
  [{ Status: 'Success', StatusDetails: 'NoInstancesInTag' }, 'warning'],
  [{ Status: 'Cancelled', StatusDetails: 'Cancelled' }, 'stopped'],
  [{ Status: 'Failed', StatusDetails: 'Failed', ErrorCount: 1 }, 'error'],
  [{ Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut' }, 'error'],
] as const)('%j → %s', (command, type) => expect(progressType(command)).toBe(type));
