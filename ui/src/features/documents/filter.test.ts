import { expect, it } from 'vitest';
import { fromQuery, toQuery } from './filter';

it('takes one owner, several types, and free text as the beginning of a name', () => {
  const filters = fromQuery({
    operation: 'and',
    tokens: [
      { propertyKey: 'Owner', operator: '=', value: 'Self' },
      { propertyKey: 'Owner', operator: '=', value: 'Amazon' },
      { propertyKey: 'DocumentType', operator: '=', value: 'Command' },
      { propertyKey: 'DocumentType', operator: '=', value: 'Session' },
      { operator: ':', value: ' AWS-Run ' },
    ],
  });
  expect(filters).toEqual([
    { Key: 'Owner', Values: ['Amazon'] },
    { Key: 'DocumentType', Values: ['Command', 'Session'] },
    { Key: 'Name', Values: ['AWS-Run'] },
  ]);
  expect(fromQuery(toQuery(filters))).toEqual(filters);
});

it('takes one tag, typed or chosen', () => {
  const typed = fromQuery({ operation: 'and', tokens: [{ operator: ':', value: 'tag:team = web' }, { propertyKey: 'tag:role', operator: '=', value: 'db' }] });
  expect(typed).toEqual([{ Key: 'tag:role', Values: ['db'] }]);
  expect(fromQuery({ operation: 'and', tokens: [{ operator: ':', value: 'tag:팀=플랫폼' }] })).toEqual([{ Key: 'tag:팀', Values: ['플랫폼'] }]);
  expect(fromQuery(toQuery(typed))).toEqual(typed);
});
