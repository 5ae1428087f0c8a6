/** Shells in the real window: opened, typed into, resized, pasted into, split, broadcast to, left and found again, ended, replayed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CONTROL, press, type } from './keys.mjs';
import { Desktop, eventually } from './session.mjs';

const SHIFT = '\uE008';
const ENTER = '\uE007';

describe('terminals in the real window', { timeout: 600_000 }, () => {
  /** @type {Desktop} */
  let desktop;
  let browser;
  let node;

  before(async () => {
    desktop = await Desktop.start({ notifications: false });
    browser = await desktop.open();
    node = await eventually('this machine to be online', async () => {
      const { InstanceInformationList: nodes } = await desktop.call('DescribeInstanceInformation');
      return nodes.find((candidate) => candidate.PingStatus === 'Online')?.InstanceId;
    });
  });
  after(() => desktop?.stop());

  /** What the terminals of the tab in view show, pane by pane, trailing blanks of lines taken away. */
  const screens = () =>
    browser.execute(() =>
      [...document.querySelectorAll('.qd-stage:not(.qd-stage-behind) .xterm-rows')].map((rows) => [...rows.children].map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd()).join('\n')),
    );
  const shows = (text, pane = 0) => eventually(`"${text}" in pane ${pane}`, async () => (await screens())[pane]?.includes(text));
  /** A prompt is there and keys go to the terminal. */
  const focused = () => eventually('the terminal to have the keys', () => browser.execute(() => document.activeElement?.classList.contains('xterm-helper-textarea')));
  const line = async (text) => {
    await focused();
    await type(browser, text);
    await press(browser, ENTER);
  };
  const chord = (letter) => press(browser, CONTROL, SHIFT, letter);
  /** Pastes as the system does: an event with the text in it. */
  const paste = (text) =>
    browser.execute((words) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', words);
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  const sessions = async (State) => (await desktop.call('DescribeSessions', { State })).Sessions;

  it('open on a node, with the right size from the first line', async () => {
    await desktop.visit(`/nodes/${node}`);
    await (await browser.$('main').$('button*=Terminal')).click();
    await focused();
    await line('stty size; echo "to""gether"');
    await shows('together');
    // As it was typed, every key once.
    await shows('stty size; echo "to""gether"');
    const rows = await browser.execute(() => document.querySelectorAll('.xterm-rows > div').length);
    const [screen] = await screens();
    assert.match(screen, new RegExp(`^${rows} \\d+$`, 'm'), screen);
    assert.equal((await sessions('Active')).length, 1);
    await desktop.picture('terminal');
  });

  it('follow the window when it is resized', async () => {
    await desktop.output('xdotool', ['windowsize', '--sync', await desktop.window(), '1000', '640']);
    const rows = await eventually('fewer rows', async () => {
      const rows = await browser.execute(() => document.querySelectorAll('.xterm-rows > div').length);
      return rows < 27 && rows;
    });
    await eventually('the shell to know', async () => {
      await line('clear; stty size');
      return new RegExp(`^${rows} \\d+$`, 'm').test((await screens())[0]);
    });
    await desktop.output('xdotool', ['windowsize', '--sync', await desktop.window(), '1280', '800']);
  });

  it('take Hangul that is pasted, two cells a syllable', async () => {
    await line('clear');
    await paste('printf "%s|\\n" "한글 이름" "abcd efgh"');
    await press(browser, ENTER);
    await shows('한글 이름|\n');
    await shows('abcd efgh|');
    // The bar after four syllables and a blank stands under that after nine letters.
    const ends = await browser.execute(() =>
      [...document.querySelectorAll('.xterm-rows > div')]
        .filter((row) => /^(한글 이름|abcd efgh)\|/.test(row.textContent.replaceAll('\u00a0', ' ')))
        .map((row) => {
          const spans = [...row.querySelectorAll('span')];
          return Math.round(spans.at(-1).getBoundingClientRect().right);
        }),
    );
    assert.equal(ends.length, 2);
    assert.ok(Math.abs(ends[0] - ends[1]) <= 1, JSON.stringify(ends));
    await desktop.picture('terminal-hangul');
  });

  it('ask before lines are pasted that would run', async () => {
    await paste('echo one\necho two\n');
    const question = await browser.$('//*[@role="dialog"][contains(., "Paste 2 lines?")]');
    await question.waitForDisplayed();
    await desktop.picture('terminal-paste');
    await question.$('button=Cancel').click();
    await question.waitForDisplayed({ reverse: true });
    await line('echo th""ree');
    await shows('three');
    assert.ok(!(await screens())[0].includes('\ntwo'), 'nothing of the paste ran');
  });

  it('stop a flood at once', async () => {
    await line('clear; yes flood');
    await shows('flood\nflood');
    await press(browser, CONTROL, 'c');
    await line('clear; echo st""ill here');
    await shows('still here');
  });

  it('split, and take what is typed together', async () => {
    await chord('e');
    await eventually('two panes', async () => (await screens()).length === 2);
    await focused();
    await eventually('a prompt in the second', async () => (await screens())[1].trim() !== '');
    await chord('b');
    await (await browser.$('.qd-cast')).waitForDisplayed();
    await line('echo in-$((1+1))-panes');
    await shows('in-2-panes', 0);
    await shows('in-2-panes', 1);
    await desktop.picture('terminal-broadcast');
    await (await browser.$$('.qd-pane-head button')[0]).click();
    await browser.execute(() => document.querySelectorAll('.qd-pane .xterm-helper-textarea')[1].focus());
    await line('echo only-$((2+1))');
    await shows('only-3', 1);
    assert.ok(!(await screens())[0].includes('only-3'), 'the pane that is left out got nothing');
    await chord('b');
  });

  it('go on while another page is shown, and when the page loads anew', async () => {
    await desktop.visit('/nodes');
    await desktop.visit('/terminal');
    await shows('only-3', 1);
    await desktop.prefer({ theme: 'dark', language: 'ko' });
    await eventually('both panes again', async () => (await screens()).length === 2);
    await shows('in-2-panes', 0);
    await shows('only-3', 1);
    await browser.execute(() => document.querySelectorAll('.qd-pane .xterm-helper-textarea')[1].focus());
    await line('echo a""gain');
    await shows('again', 1);
    await desktop.picture('terminal-dark-ko');
    assert.equal((await sessions('Active')).length, 2);
  });

  it('say how they ended, and begin anew in the same place', async () => {
    await browser.execute(() => document.querySelectorAll('.qd-pane .xterm-helper-textarea')[1].focus());
    await line('exit 3');
    const again = await browser.$('button=다시 연결');
    await again.waitForDisplayed();
    await desktop.picture('terminal-ended');
    await again.click();
    await again.waitForDisplayed({ reverse: true });
    await browser.execute(() => document.querySelectorAll('.qd-pane .xterm-helper-textarea')[1].focus());
    await line('echo and-$((3+1))');
    await shows('and-4', 1);
    await shows('again', 1);
  });

  it('are listed, terminated from there, and replayed', async () => {
    await desktop.visit('/sessions');
    const active = await sessions('Active');
    await eventually('the sessions in the list', async () => active.every(({ SessionId }) => SessionId) && (await desktop.text()).includes(active[0].SessionId));
    await desktop.picture('sessions');
    await (await browser.$('thead input[type=checkbox]')).click();
    await (await browser.$('main').$('button=세션 종료')).click();
    const question = await browser.$('//*[@role="dialog"][contains(., "종료할까요?")]');
    await question.waitForDisplayed();
    await question.$('button=세션 종료').click();
    await eventually('the sessions to end', async () => (await sessions('Active')).length === 0);
    await desktop.visit('/terminal');
    await (await browser.$('button=다시 연결')).waitForDisplayed();
    const [{ SessionId }] = (await sessions('History')).filter(({ SessionId: id }) => active.some((session) => session.SessionId === id));
    await desktop.visit(`/sessions/${encodeURIComponent(SessionId)}`);
    await eventually('the recording on the screen', () => browser.execute(() => /(in-2-panes|and-4)/.test(document.querySelector('.qd-player-screen .xterm-rows')?.textContent ?? '')), 60);
    await desktop.picture('recording');
  });

  it('have commands of their own, for the sessions of their window alone', async () => {
    await assert.rejects(desktop.invoke('plugin:terminal|attach', { handle: 4_000_000, channel: '__CHANNEL__:1' }), (error) => error.answer.code === 'SessionGone');
    await assert.rejects(desktop.invoke('plugin:terminal|input', {}), (error) => error.answer.code === 'ValidationException');
  });
});
