/** Keys and values to type: for tags of a node, of an activation, and to target by. */
import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Input from '@cloudscape-design/components/input';
import { useText } from '../i18n';

export interface TagField {
  key: string;
  value: string;
}

interface Props {
  items: TagField[];
  onChange: (items: TagField[]) => void;
  add: string;
  empty: string;
  /** The same key may come more than once when its values are alternatives. */
  repeats?: boolean;
  limit?: number;
}

/** What AWS and the hub take in the key and the value of a tag. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export const isTagText = (text: string): boolean => TAG_TEXT.test(text);

/** Why the tags cannot be used, if they cannot. */
export function tagProblem(items: TagField[], repeats = false): 'nodes.tagNeedsKey' | 'nodes.tagTwice' | 'nodes.tagSystem' | 'nodes.tagCharacters' | undefined {
  const keys = items.map((item) => item.key.trim());
  if (keys.some((key) => key === '')) return 'nodes.tagNeedsKey';
  if (!repeats && new Set(keys).size < keys.length) return 'nodes.tagTwice';
  if (keys.some((key) => key.toLowerCase().startsWith('aws:'))) return 'nodes.tagSystem';
  return items.every((item) => isTagText(item.key) && isTagText(item.value)) ? undefined : 'nodes.tagCharacters';
}

export function TagFields({ items, onChange, add, empty, limit = 50 }: Props) {
  const { t } = useText();
  const set = (index: number, change: Partial<TagField>) => onChange(items.map((item, at) => (at === index ? { ...item, ...change } : item)));
  return (
    <AttributeEditor
      items={items}
      addButtonText={add}
      removeButtonText={t('common.remove')}
      removeButtonAriaLabel={(item) => `${t('common.remove')} ${item.key}`}
      empty={empty}
      disableAddButton={items.length >= limit}
      onAddButtonClick={() => onChange([...items, { key: '', value: '' }])}
      onRemoveButtonClick={({ detail }) => onChange(items.filter((_, at) => at !== detail.itemIndex))}
      definition={[
        {
          label: t('common.key'),
          control: (item, index) => <Input value={item.key} ariaLabel={t('common.key')} spellcheck={false} onChange={({ detail }) => set(index, { key: detail.value })} />,
        },
        {
          label: t('common.value'),
          control: (item, index) => <Input value={item.value} ariaLabel={t('common.value')} spellcheck={false} onChange={({ detail }) => set(index, { value: detail.value })} />,
        },
      ]}
    />
  );
}
