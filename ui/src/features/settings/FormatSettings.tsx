/** Times as a person wants them: zone, order, clock. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMemo } from 'react';
import type { Preferences } from '../../app/preferences';
import { useNow } from '../../components/useNow';
import { useText } from '../../i18n';

const OWN_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

export function FormatSettings({ value, change }: { value: Preferences; change: (next: Partial<Preferences>) => void }) {
  const { t, dateTime, number } = useText();
  const now = useNow(1_000);
  const zones = useMemo((): SelectProps.Option[] => {
    const named = [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])].map((name) => ({ value: name, label: name.replaceAll('_', ' ') }));
    return [{ value: 'system', label: t('settings.zoneSystem', { zone: OWN_ZONE }) }, ...named];
  }, [t]);
  return (
    <Container id="section-formats" header={<Header variant="h2" description={t('settings.formatsHint')}>{t('settings.formats')}</Header>}>
      <SpaceBetween size="l">
        <FormField label={t('settings.zone')}>
          <Select
            filteringType="auto"
            filteringPlaceholder={t('settings.zoneFind')}
            filteringAriaLabel={t('settings.zoneFind')}
            empty={t('settings.zoneNone')}
            options={zones}
            selectedOption={zones.find((zone) => zone.value === value.timeZone) ?? { value: value.timeZone, label: value.timeZone }}
            onChange={({ detail }) => change({ timeZone: detail.selectedOption.value ?? 'system' })}
          />
        </FormField>
        <FormField label={t('settings.dates')}>
          <SegmentedControl
            label={t('settings.dates')}
            selectedId={value.dates}
            onChange={({ detail }) => change({ dates: detail.selectedId as Preferences['dates'] })}
            options={[
              { id: 'language', text: t('settings.byLanguage') },
              { id: 'iso', text: t('settings.datesIso') },
            ]}
          />
        </FormField>
        <FormField label={t('settings.clock')}>
          <SegmentedControl
            label={t('settings.clock')}
            selectedId={value.clock}
            onChange={({ detail }) => change({ clock: detail.selectedId as Preferences['clock'] })}
            options={[
              { id: 'language', text: t('settings.byLanguage'), disabled: value.dates === 'iso', disabledReason: t('settings.clockIso') },
              { id: '12', text: t('settings.clock12'), disabled: value.dates === 'iso', disabledReason: t('settings.clockIso') },
              { id: '24', text: t('settings.clock24'), disabled: value.dates === 'iso', disabledReason: t('settings.clockIso') },
            ]}
          />
        </FormField>
        <Box color="text-body-secondary">{t('settings.example', { time: dateTime(now / 1000), number: number(1_234_567.8) })}</Box>
      </SpaceBetween>
    </Container>
  );
}
