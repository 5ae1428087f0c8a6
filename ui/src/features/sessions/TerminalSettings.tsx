/** How terminals look and behave; every change shows at once in those that are open. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';
import { cardIsSlow } from './liveTerminal';
import { changeTerminalSettings, LEAST_FONT, MOST_FONT, terminalSettings } from './terminalSettings';

function Choice<T extends string>({ label, hint, value, options, onChange }: { label: string; hint?: string; value: T; options: { value: T; label: string }[]; onChange: (value: T) => void }) {
  return (
    <FormField label={label} description={hint}>
      <Select
        selectedOption={options.find((option) => option.value === value) ?? null}
        options={options}
        onChange={({ detail }) => onChange(detail.selectedOption.value as T)}
      />
    </FormField>
  );
}

/** A number that is taken when it is one within its bounds, and left as typed until then. */
function Amount({ label, hint, value, least, most, onChange }: { label: string; hint?: string; value: number; least: number; most: number; onChange: (value: number) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState(String(value));
  const number = Number(typed);
  const fits = typed.trim() !== '' && Number.isFinite(number) && number >= least && number <= most;
  return (
    <FormField label={label} description={hint} errorText={fits ? undefined : t('terminal.between', { least, most })}>
      <Input
        type="number"
        inputMode="decimal"
        value={typed}
        onChange={({ detail }) => {
          setTyped(detail.value);
          const next = Number(detail.value);
          if (detail.value.trim() !== '' && Number.isFinite(next) && next >= least && next <= most) onChange(next);
        }}
      />
    </FormField>
  );
}

export function TerminalSettings({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const now = useStore(terminalSettings);
  const change = changeTerminalSettings;
  return (
    <Modal
      visible
      size="large"
      header={t('terminal.settings')}
      closeAriaLabel={t('common.close')}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {t('common.close')}
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="l">
        <ColumnLayout columns={2}>
          <Amount label={t('terminal.fontSize')} value={now.fontSize} least={LEAST_FONT} most={MOST_FONT} onChange={(fontSize) => void change({ fontSize })} />
          <Amount label={t('terminal.lineHeight')} value={now.lineHeight} least={1} most={2} onChange={(lineHeight) => void change({ lineHeight })} />
          <FormField label={t('terminal.font')} description={t('terminal.fontHint')}>
            <Input value={now.fontFamily} onChange={({ detail }) => void change({ fontFamily: detail.value.slice(0, 200) })} />
          </FormField>
          <Amount label={t('terminal.scrollback')} hint={t('terminal.scrollbackHint')} value={now.scrollback} least={0} most={200_000} onChange={(lines) => void change({ scrollback: Math.round(lines) })} />
          <Choice
            label={t('terminal.cursor')}
            value={now.cursor}
            options={[
              { value: 'block', label: t('terminal.cursorBlock') },
              { value: 'underline', label: t('terminal.cursorUnderline') },
              { value: 'bar', label: t('terminal.cursorBar') },
            ]}
            onChange={(cursor) => void change({ cursor })}
          />
          <Choice
            label={t('terminal.pasteWarning')}
            value={now.pasteWarning}
            options={[
              { value: 'lines', label: t('terminal.warnLines') },
              { value: 'plain-lines', label: t('terminal.warnPlain') },
              { value: 'never', label: t('terminal.warnNever') },
            ]}
            onChange={(pasteWarning) => void change({ pasteWarning })}
          />
          <Choice
            label={t('terminal.renderer')}
            hint={t(cardIsSlow ? 'terminal.rendererLinux' : 'terminal.rendererHint')}
            value={now.renderer}
            options={[
              { value: 'auto', label: t('terminal.rendererAuto') },
              { value: 'dom', label: t('terminal.rendererDom') },
              { value: 'webgl', label: t('terminal.rendererWebgl') },
            ]}
            onChange={(renderer) => void change({ renderer })}
          />
        </ColumnLayout>
        <Toggle checked={now.blink} onChange={({ detail }) => void change({ blink: detail.checked })}>
          {t('terminal.blink')}
        </Toggle>
        <Toggle checked={now.copyOnSelect} onChange={({ detail }) => void change({ copyOnSelect: detail.checked })}>
          {t('terminal.copyOnSelect')}
        </Toggle>
        <Toggle checked={now.screenReader} description={t('terminal.screenReaderHint')} onChange={({ detail }) => void change({ screenReader: detail.checked })}>
          {t('terminal.screenReader')}
        </Toggle>
      </SpaceBetween>
    </Modal>
  );
}
