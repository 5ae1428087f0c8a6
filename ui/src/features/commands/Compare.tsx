/** What two groups wrote, line by line. */
import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Modal from '@cloudscape-design/components/modal';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { OutputGroup } from '../../api/results';
import { Failure } from '../../components/Failure';
import { Loading } from '../../components/Loading';
import type { OutputRef } from '../../host';
import { useText } from '../../i18n';
import { beginningOf } from './wholeOutput';

const CodeDiff = lazy(() => import('../../components/CodeDiff').then((module) => ({ default: module.CodeDiff })));

/** What of each output is compared; more would take a page minutes. */
const COMPARED = 512 * 1024;

interface Props {
  commandId: string;
  step: string;
  groups: OutputGroup[];
  initial: [string, string];
  onClose: () => void;
}

export function Compare({ commandId, step, groups, initial, onClose }: Props) {
  const { t, maybe, bytes } = useText();
  const [[left, right], setSides] = useState(initial);
  const [stream, setStream] = useState<OutputRef['stream']>(() => firstDifferent(groups, initial));
  const name = (group: OutputGroup | undefined) => {
    const node = group?.nodes[0];
    const words = { node: node?.name || node?.id || '–', status: maybe(`status.command.${group?.status}`, group?.status ?? '') };
    return group && group.count > 1 ? t('results.groupName', { ...words, count: group.count - 1 }) : t('results.groupOne', words);
  };
  const of = (id: string) => groups.find((group) => group.id === id);
  const options = groups.map((group) => ({ value: group.id, label: name(group) }));
  const ref = (group: OutputGroup | undefined): OutputRef => ({ commandId, instanceId: group?.nodes[0]?.id ?? '', step, stream });
  const query = useQuery({
    queryKey: ['command', commandId, 'compare', step, left, right, stream],
    queryFn: ({ signal }) => Promise.all([beginningOf(ref(of(left)), COMPARED, signal), beginningOf(ref(of(right)), COMPARED, signal)]),
    staleTime: 60_000,
  });
  const picker = (value: string, label: string, change: (id: string) => void) => (
    <FormField label={label} stretch>
      <Select selectedOption={options.find((item) => item.value === value) ?? null} options={options} expandToViewport onChange={({ detail }) => change(detail.selectedOption.value ?? value)} />
    </FormField>
  );
  return (
    <Modal visible size="max" header={t('results.compareTitle')} onDismiss={onClose} closeAriaLabel={t('common.close')}>
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          {picker(left, t('results.left'), (id) => setSides([id, right]))}
          {picker(right, t('results.right'), (id) => setSides([left, id]))}
        </ColumnLayout>
        <SegmentedControl
          label={t('commands.output')}
          selectedId={stream}
          onChange={({ detail }) => setStream(detail.selectedId as OutputRef['stream'])}
          options={[
            { id: 'stdout', text: t('commands.stdout') },
            { id: 'stderr', text: t('commands.stderr') },
          ]}
        />
        {query.error && <Failure error={query.error} what={t('commands.outputFailed')} onRetry={() => void query.refetch()} />}
        {query.isPending && <Loading />}
        {query.data && (
          <>
            {query.data.some((text) => !text.whole) && <Alert type="info">{t('results.comparedPart', { size: bytes(COMPARED) })}</Alert>}
            <Suspense fallback={<Loading />}>
              <CodeDiff before={query.data[0].text} after={query.data[1].text} names={[name(of(left)), name(of(right))]} />
            </Suspense>
          </>
        )}
      </SpaceBetween>
    </Modal>
  );
}

/** Where both wrote the same to standard output, what differs is in the other stream. */
function firstDifferent(groups: OutputGroup[], [left, right]: [string, string]): OutputRef['stream'] {
  const [a, b] = [left, right].map((id) => groups.find((group) => group.id === id)?.stdout);
  return a && b && a.bytes === b.bytes && a.sample === b.sample && !a.truncated ? 'stderr' : 'stdout';
}
