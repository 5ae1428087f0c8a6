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
