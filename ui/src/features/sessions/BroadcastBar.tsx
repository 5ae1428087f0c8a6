/** What one types goes to many: said in a colour that is nowhere else, with their number. */
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import { Confirm } from '../../components/Confirm';
import { useText } from '../../i18n';
import type { Broadcast } from './broadcast';
import { broadcastMembers, type Workspace } from './workspace';

export function BroadcastBar({ state, value, onChange }: { state: Workspace; value: Broadcast; onChange: (next: Partial<Broadcast>) => void }) {
  const { t } = useText();
  return (
    <div className="qd-cast">
      <strong role="status">{t('terminal.castTo', { count: broadcastMembers(state, value).length })}</strong>
      <span className="qd-pane-grow">{t('terminal.castHint')}</span>
      <SegmentedControl
        label={t('terminal.castScope')}
        selectedId={value.scope}
        options={[
          { id: 'tab', text: t('terminal.castTab') },
          { id: 'all', text: t('terminal.castAll') },
        ]}
        onChange={({ detail }) => onChange({ scope: detail.selectedId === 'all' ? 'all' : 'tab' })}
      />
    </div>
  );
}

export function BroadcastQuestion({ count, onConfirm, onClose }: { count: number; onConfirm: () => void; onClose: () => void }) {
  const { t } = useText();
  return (
    <Confirm title={t('terminal.castAsk', { count })} action={t('terminal.castStart')} failed={t('terminal.castAsk', { count })} onClose={onClose} onConfirm={async () => onConfirm()}>
      {t('terminal.castAskText')}
    </Confirm>
  );
}
