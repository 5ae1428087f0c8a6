/** With whom a document is shared, and what that comes to on this hub. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import { readAll } from '../../api/paging';
import type { AccountSharingInfo, DocumentDescription } from '../../api/operations';
import { flash } from '../../app/flash';
import { useBlocked } from '../../app/useBlocked';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { useText } from '../../i18n';
import { fixedReason } from './DocumentActions';

/** More than a document may be shared with. */
const MOST = 1_000;
const EVERYBODY = 'All';

async function readShares(name: string): Promise<AccountSharingInfo[]> {
  return readAll(async (token) => {
    const answer = await call('DescribeDocumentPermission', { Name: name, PermissionType: 'Share', MaxResults: 200, NextToken: token });
    const infos = new Map((answer.AccountSharingInfoList ?? []).map((info) => [info.AccountId, info]));
    return { items: (answer.AccountIds ?? []).map((id) => infos.get(id) ?? { AccountId: id }), nextToken: answer.NextToken };
  }, MOST);
}

export function Permissions({ document }: { document: DocumentDescription }) {
  const text = useText();
  const { t } = text;
  const name = document.Name ?? '';
  const ofAmazon = document.Owner === 'Amazon';
  const fixed = fixedReason(document, useBlocked(), text);
  const client = useQueryClient();
  const query = useQuery({ queryKey: ['document', name, 'shares'], queryFn: () => readShares(name), enabled: !ofAmazon });
  const [typed, setTyped] = useState('');
  const [asking, setAsking] = useState<{ kind: 'add' | 'remove'; account: string }>();
  const account = /^all$/i.test(typed.trim()) ? EVERYBODY : typed.trim();
  const wrong = account === '' ? t('documents.accountNeeded') : account === EVERYBODY || /^\d{12}$/.test(account) ? undefined : t('documents.accountInvalid');
  const words = (id: string) => (id.toLowerCase() === 'all' ? t('documents.everybody') : id);
  const run = async () => {
    if (!asking) return;
    await call('ModifyDocumentPermission', {
      Name: name,
      PermissionType: 'Share',
      ...(asking.kind === 'add' ? { AccountIdsToAdd: [asking.account] } : { AccountIdsToRemove: [asking.account] }),
    });
    await client.invalidateQueries({ queryKey: ['document', name, 'shares'] });
    if (asking.kind === 'add') setTyped('');
    flash({ type: 'success', text: asking.kind === 'add' ? 'documents.shared' : 'documents.unshared', values: { name, account: words(asking.account) } });
  };
  return (
    <SpaceBetween size="m">
      <Alert type="info">{t('documents.sharingMeans')}</Alert>
      {query.error && <Failure error={query.error} what={t('documents.sharesFailed')} onRetry={() => void query.refetch()} />}
      <div className="qd-output-bar">
        <FormField label={t('documents.account')} constraintText={t('documents.accountHint')} errorText={typed !== '' ? wrong : undefined}>
          <Input value={typed} spellcheck={false} disabled={Boolean(fixed)} onChange={({ detail }) => setTyped(detail.value)} />
        </FormField>
        <Button disabled={Boolean(fixed ?? wrong)} disabledReason={fixed ?? wrong} onClick={() => setAsking({ kind: 'add', account })}>
          {t('documents.share')}
        </Button>
      </div>
      <Table
        variant="embedded"
        items={query.data ?? []}
        trackBy="AccountId"
        loading={query.isLoading}
        loadingText={t('common.loading')}
        ariaLabels={{ tableLabel: t('documents.permissions') }}
        empty={<Empty title={ofAmazon ? t('documents.sharedByAmazon') : t('documents.notShared')} hint={ofAmazon ? undefined : t('documents.notSharedHint')} />}
        columnDefinitions={[
          { id: 'account', header: t('documents.account'), isRowHeader: true, cell: (item) => words(item.AccountId ?? '') },
          { id: 'version', header: t('documents.sharedVersion'), cell: (item) => item.SharedDocumentVersion ?? '$DEFAULT' },
          {
            id: 'end',
            header: t('documents.endShare'),
            cell: (item) => (
              <Button
                variant="inline-link"
                disabled={Boolean(fixed)}
                disabledReason={fixed}
                ariaLabel={t('documents.endShareWith', { account: words(item.AccountId ?? '') })}
                onClick={() => setAsking({ kind: 'remove', account: item.AccountId ?? '' })}
              >
                {t('documents.endShare')}
              </Button>
            ),
          },
        ]}
      />
      {asking && (
        <Confirm
          title={t(asking.kind === 'add' ? 'documents.shareTitle' : 'documents.endShareTitle', { name })}
          action={t(asking.kind === 'add' ? 'documents.share' : 'documents.endShare')}
          failed={t('documents.shareFailed')}
          onConfirm={run}
          onClose={() => setAsking(undefined)}
        >
          {t(asking.kind === 'add' ? 'documents.shareText' : 'documents.endShareText', { account: words(asking.account) })}
        </Confirm>
      )}
    </SpaceBetween>
  );
}
