/**
 * The first minutes: three steps, each of which gives something and is ticked off by what happened, not by a click on "next".
 *
 * Put away at any time; the palette and the settings bring it back.
 */
import Button from '@cloudscape-design/components/button';
import type { ReactNode } from 'react';
import type { OverviewAnswer } from '../../api/extension';
import { registerActions } from '../../app/actions';
import { Glyph } from '../../app/glyphs';
import { isMac } from '../../app/keys';
import { paletteOpen } from '../../app/Palette';
import { changePreferences, preferences } from '../../app/preferences';
import { useOpen } from '../../app/router';
import { used } from '../../app/used';
import { useText } from '../../i18n';
import { useStore } from '../../lib/store';

registerActions({
  id: 'guide', text: 'guide.show', also: 'first run tutorial start help 안내 처음 도움말',
  run: ({ open }) => {
    void changePreferences({ guide: 'shown' });
    open('/');
  },
});

export function Guide({ data }: { data: OverviewAnswer }) {
  const { t } = useText();
  const open = useOpen();
  const { guide } = useStore(preferences);
  const foundThings = Object.keys(useStore(used)).length > 0;
  if (guide === 'away') return null;
  const first = data.nodes.total > 0;
  const second = data.commands.recent.length > 0;
  const away = () => void changePreferences({ guide: 'away' });
  const done = [first, second, foundThings].filter(Boolean).length;
  return (
    <section className="qd-guide" aria-label={t('guide.title')}>
      <div className="qd-guide-head">
        <div>
          <h2>{t(done === 3 ? 'guide.done' : 'guide.title')}</h2>
          <p>{done === 3 ? t('guide.doneHint') : t('guide.progress', { done, all: 3 })}</p>
        </div>
        <Button variant="link" onClick={away}>
          {t('guide.away')}
        </Button>
      </div>
      <ol>
        <Step number={1} done={first} title={t('guide.node')} hint={t(first ? 'guide.nodeDone' : 'guide.nodeHint')}>
          <Button onClick={() => open(first ? '/nodes' : '/activations')}>{t(first ? 'guide.seeNodes' : 'nav.addNode')}</Button>
        </Step>
        <Step number={2} done={second} title={t('guide.command')} hint={t('guide.commandHint')}>
          <Button variant={first && !second ? 'primary' : 'normal'} disabled={!first} disabledReason={t('guide.nodeFirst')} onClick={() => open('/run')}>
            {t('nav.run')}
          </Button>
        </Step>
        <Step number={3} done={foundThings} title={t('guide.palette')} hint={t('guide.paletteHint', { keys: isMac ? '⌘K' : 'Ctrl+K' })}>
          <Button onClick={() => paletteOpen.set(true)}>{t('guide.try')}</Button>
        </Step>
      </ol>
    </section>
  );
}

function Step({ number, done, title, hint, children }: { number: number; done: boolean; title: string; hint: string; children: ReactNode }) {
  const { t } = useText();
  return (
    <li data-done={done}>
      <span className="qd-guide-mark" aria-hidden="true">
        {done ? (
          <Glyph>
            <path d="m5 10.5 3.5 3.5L15 6.5" />
          </Glyph>
        ) : (
          number
        )}
      </span>
      <div>
        <h3>
          {title}
          {done && <span className="qd-heard">{t('guide.stepDone')}</span>}
        </h3>
        <p>{hint}</p>
        {children}
      </div>
    </li>
  );
}
