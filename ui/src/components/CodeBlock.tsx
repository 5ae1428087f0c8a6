import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import { useText } from '../i18n';

/** Text to copy as it is. */
export function CodeBlock({ text }: { text: string }) {
  const { t } = useText();
  return (
    <div className="qd-block">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls has to be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <span className="qd-block-copy">
        <CopyToClipboard variant="icon" textToCopy={text} copyButtonAriaLabel={t('common.copy')} copySuccessText={t('common.copied')} copyErrorText={t('common.copyFailed')} />
      </span>
    </div>
  );
}
