/** What the filter of the node list offers: its conditions, and values that nodes really have, asked for while somebody types. */
import DatePicker from '@cloudscape-design/components/date-picker';
import FormField from '@cloudscape-design/components/form-field';
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { type Facet, getFacets } from '../../api/extension';
import type { FilterEntry } from '../../components/filterGrammar';
import { type Text, useText } from '../../i18n';

type Property = PropertyFilterProps.FilteringProperty;
type Option = PropertyFilterProps.FilteringOption;

/** Tag keys offered as properties and columns. */
const TAG_KEYS = 100;
/** Of these there are few values, all known at once. */
const STATUSES = ['Online', 'ConnectionLost'];
const PLATFORMS = ['Linux', 'Windows', 'MacOS'];

/** The tag keys that nodes have, in order. Counted over all nodes: not anew with every event. */
export function useTagKeys(): string[] {
  const { data } = useQuery({ queryKey: ['node-facets', 'tag'], queryFn: () => getFacets('tag', '', TAG_KEYS), staleTime: 30_000, retry: false });
  return useMemo(() => (data ?? []).map((facet) => facet.value).sort((a, b) => a.localeCompare(b)), [data]);
}

const choice = (operator: '=' | '!=', format?: (value: unknown) => string) => ({ operator, tokenType: 'enum' as const, format });

/** A day, as the moment it begins here. The value is epoch milliseconds as text. */
function DayForm({ value, onChange }: { value: unknown; onChange: (value: unknown) => void }) {
  const { t } = useText();
  const at = value ? new Date(Number(value)) : undefined;
  const two = (part: number) => String(part).padStart(2, '0');
  const day = at ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}` : '';
  return (
    <FormField label={t('nodes.day')}>
      <DatePicker value={day} expandToViewport onChange={({ detail }) => onChange(detail.value ? String(new Date(`${detail.value}T00:00:00`).getTime()) : null)} />
    </FormField>
  );
}

function several(value: unknown, word: (one: string) => string): string {
  return (Array.isArray(value) ? value : [value]).map((one) => word(String(one ?? ''))).join(', ');
}

/** Every condition, those on tags included: the keys that nodes have and those that are asked for. */
export function useProperties({ t, maybe, dateTime }: Text, tagKeys: string[], asked: FilterEntry[]): Property[] {
  return useMemo(() => {
    const empty = (value: unknown) => several(value, (one) => one || t('nodes.emptyValue'));
    const text = (key: string, label: string, defaultOperator: '=' | ':', more: string[] = [], group?: string): Property => ({
      key,
      propertyLabel: label,
      groupValuesLabel: label,
      group,
      defaultOperator,
      operators: [choice('=', empty), choice('!=', empty), ':', '!:', ...(more as '<'[])],
    });
    const known = (key: string, label: string, format: (value: unknown) => string): Property => ({ key, propertyLabel: label, groupValuesLabel: label, operators: [choice('=', format), choice('!=', format)] });
    const moment = (key: string, label: string): Property => ({
      key,
      propertyLabel: label,
      groupValuesLabel: label,
      defaultOperator: '>',
      operators: (['>', '<'] as const).map((operator) => ({
        operator,
        form: DayForm,
        format: (value: unknown) => dateTime(Number(value) / 1000),
        description: t(operator === '>' ? 'nodes.property.after' : 'nodes.property.before'),
      })),
    });
    const keys = new Set([...tagKeys, ...asked.filter((entry) => entry.key.startsWith('tag:')).map((entry) => entry.key.slice(4))]);
    return [
      known('status', t('nodes.property.status'), (value) => several(value, (one) => maybe(`status.node.${one}`, one))),
      known('platform', t('nodes.property.platform'), (value) => several(value, (one) => one)),
      text('platformName', t('nodes.property.platformName'), '='),
      text('platformVersion', t('nodes.property.platformVersion'), '='),
      text('agent', t('nodes.property.agent'), '='),
      text('agentVersion', t('nodes.property.agentVersion'), '=', ['<', '>']),
      text('name', t('nodes.property.name'), ':'),
      text('address', t('nodes.property.address'), ':'),
      text('id', t('nodes.property.id'), ':'),
      text('role', t('nodes.property.role'), '='),
      text('activation', t('nodes.property.activation'), '='),
      moment('registered', t('nodes.property.registered')),
      moment('lastContact', t('nodes.property.lastContact')),
      known('tag', t('nodes.property.tagKey'), (value) => several(value, (one) => one)),
      ...[...keys].map((key) => text(`tag:${key}`, t('nodes.property.tag', { key }), '=', [], 'tags')),
    ];
  }, [t, maybe, dateTime, tagKeys, asked]);
}

interface Suggestions {
  options: Option[];
  loading: PropertyFilterProps.StatusType;
  onLoad: (asked: PropertyFilterProps.LoadItemsDetail) => void;
}

/** Values that nodes have, with how many have them; the last answer asked for is the one shown. */
export function useSuggestions({ maybe, number, t }: Text, tagKeys: string[]): Suggestions {
  const [found, setFound] = useState<{ key: string; values: Facet[] }>({ key: '', values: [] });
  const [loading, setLoading] = useState<PropertyFilterProps.StatusType>('finished');
  const latest = useRef(0);
  const fixed = useMemo((): Option[] => {
    const of = (propertyKey: string, values: string[], label?: (value: string) => string): Option[] => values.map((value) => ({ propertyKey, value, label: label?.(value) }));
    return [...of('status', STATUSES, (value) => maybe(`status.node.${value}`, value)), ...of('platform', PLATFORMS), ...of('tag', tagKeys)];
  }, [maybe, tagKeys]);
  const options = useMemo(
    () => [...fixed, ...found.values.map((facet): Option => ({ propertyKey: found.key, value: facet.value, tags: [t('nodes.onNodes', { count: facet.count, shown: number(facet.count) })] }))],
    [fixed, found, t, number],
  );
  const onLoad = ({ filteringProperty, filteringText }: PropertyFilterProps.LoadItemsDetail) => {
    const key = filteringProperty?.key;
    latest.current += 1;
    const mine = latest.current;
    if (!key || ['status', 'platform', 'tag', 'registered', 'lastContact'].includes(key)) {
      setLoading('finished');
      return;
    }
    setLoading('loading');
    getFacets(key, filteringText.trim()).then(
      (values) => {
        if (mine !== latest.current) return;
        setFound({ key, values });
        setLoading('finished');
      },
      () => mine === latest.current && setLoading('error'),
    );
  };
  return { options, loading, onLoad };
}
