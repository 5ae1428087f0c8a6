import { expect, it } from 'vitest';
import { badTime, fromQuery, instantOf, isHistoryFilter, toQuery, toWire } from './history';

it('goes to the wire with each key once', () => {
  const filter = fromQuery({
    operation: 'and',
    tokens: [
      { propertyKey: 'Status', operator: '=', value: 'Failed' },
      { propertyKey: 'Status', operator: '=', value: 'Success' },
      { operator: ':', value: 'AWS-RunShellScript' },
    ],
  });
  expect(toWire(filter)).toEqual([{ key: 'Status', value: 'Success' }, { key: 'DocumentName', value: 'AWS-RunShellScript' }]);
  expect(fromQuery(toQuery(filter))).toEqual(filter);
});
it('reads days as midnight here', () => {
  expect(instantOf('2026-11-22')).toBe(new Date(2026, 10, 22).toISOString().replace('.000Z', 'Z'));
  expect(instantOf('yesterday')).toBeUndefined();
});
it('does not drop a time that is none', () => {
  expect(badTime({ InvokedAfter: 'yesterday' })).toBe('yesterday');
  expect(badTime({ Status: 'Failed', InvokedBefore: '2026-11-22' })).toBeUndefined();
  expect(toWire({ InvokedAfter: 'yesterday' })).toEqual([{ key: 'InvokedAfter', value: 'yesterday' }]);
});
it('knows its own form', () => {
  expect(isHistoryFilter({ Status: 'Failed' })).toBe(true);
  expect(isHistoryFilter({ Nonsense: 'x' })).toBe(false);
});
