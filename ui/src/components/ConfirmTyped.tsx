/**
 * Asks before something that destroys and cannot be taken back: the person types the name of what goes.
 *
 * Why: a click on "Delete" is made before it is thought about. Typing a name makes one look at which one it is. Use `Confirm`
 * where the harm is small, and a message with an undo (`flash({ undo })`) where the step can be taken back.
 */
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { useText } from '../i18n';
import { Confirm } from './Confirm';
import { isTyped } from './typed';

interface Props {
  title: string;
  /** Words of the button that destroys. */
  action: string;
  dismiss?: string;
  /** What is said when it fails. */
  failed: string;
  /** What has to be typed: the name or id of what goes, or a number of things. */
  word: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
  /** What will happen, and what of it cannot be taken back. */
  children: ReactNode;
  /** Why it is not possible at all, whatever is typed. */
  disabledReason?: string;
}

export function ConfirmTyped({ word, children, disabledReason, ...rest }: Props) {
  const { t } = useText();
  const [typed, setTyped] = useState('');
  const missing = isTyped(word, typed) ? undefined : t('typed.missing', { word });
  return (
    <Confirm {...rest} disabledReason={disabledReason ?? missing}>
      {(submit) => (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <SpaceBetween size="m">
            {children}
            <FormField label={t('typed.label')} description={<span className="qd-id qd-typed">{word}</span>}>
              <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} autoComplete={false} spellcheck={false} disableBrowserAutocorrect name="typed-confirmation" />
            </FormField>
          </SpaceBetween>
        </form>
      )}
    </Confirm>
  );
}
