/** The lines of an output window, of which only those in view exist in the page. */
import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { spans } from '../../lib/ansi';
import type { Place } from './outputReader';
import type { OutputWindow } from './outputWindow';

const LINE_HEIGHT = 19;
const OVERSCAN = 20;

interface Props {
  window: OutputWindow;
  revision: number;
  gained: number;
  place?: Place;
  /** A byte whose line is marked. */
  marked?: number;
  following: boolean;
  label: string;
  /** The person scrolled away from the end, or back to it. */
  onAtEnd: (atEnd: boolean) => void;
  onTop: () => void;
  onBottom: () => void;
}

const Line = memo(function Line({ text, top, marked }: { text: string; top: number; marked: boolean }) {
  return (
    <div className={marked ? 'qd-line qd-line-marked' : 'qd-line'} aria-current={marked || undefined} style={{ transform: `translateY(${top}px)` }}>
      {spans(text).map((span, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- spans of a line have no other identity
        <span key={index} className={`${span.colour === undefined ? '' : `qd-ansi-${span.colour}`}${span.bold ? ' qd-bold' : ''}` || undefined}>
          {span.text}
        </span>
      ))}
    </div>
  );
});

export function OutputLines({ window: held, revision, gained, place, marked, following, label, onAtEnd, onTop, onBottom }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const [view, setView] = useState({ top: 0, height: 400 });
  const count = held.lineCount;
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setView((now) => ({ ...now, height: element.clientHeight })));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    if (place === 'start') element.scrollTop = 0;
    else if (typeof place === 'number') element.scrollTop = (held.lineAt(place) ?? 0) * LINE_HEIGHT - element.clientHeight / 3;
    else if (place === 'end' || following) element.scrollTop = element.scrollHeight;
    // Lines that came or went above leave what is in view where it was.
    else if (gained !== 0) element.scrollTop += gained * LINE_HEIGHT;
    // Moved by the page: that is nobody's scrolling.
    lastTop.current = element.scrollTop;
  }, [held, revision, gained, place, following]);
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    const bottom = element.scrollHeight - element.scrollTop - element.clientHeight;
    // Lines that came in below since are nobody's scrolling away from the end: that goes up.
    const atEnd = bottom < LINE_HEIGHT * 2;
    if (atEnd || element.scrollTop < lastTop.current) onAtEnd(atEnd);
    lastTop.current = element.scrollTop;
    if (element.scrollTop < LINE_HEIGHT && held.start > 0) onTop();
    if (bottom < LINE_HEIGHT && !held.atEnd) onBottom();
  };
  const markedLine = marked === undefined ? undefined : held.lineAt(marked);
  const first = Math.max(0, Math.floor(view.top / LINE_HEIGHT) - OVERSCAN);
  const last = Math.min(count, Math.ceil((view.top + view.height) / LINE_HEIGHT) + OVERSCAN);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls has to be reachable by keyboard
    <div className="qd-output" ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-label={label} aria-live="off">
      <div className="qd-output-lines" style={{ blockSize: count * LINE_HEIGHT }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, index) => (
          <Line key={first + index} text={held.line(first + index)} top={(first + index) * LINE_HEIGHT} marked={first + index === markedLine} />
        ))}
      </div>
    </div>
  );
}
