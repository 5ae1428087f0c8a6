/** One output stream on the page: see `outputReader.ts` for how it is read. */
import { useEffect, useMemo, useState } from 'react';
import { host, type OutputRef } from '../../host';
import { OutputReader, type OutputState } from './outputReader';

/** The reader and its state, for as long as the component shows this stream. */
export function useOutput({ commandId, instanceId, step, stream }: OutputRef): { reader: OutputReader; output: OutputState } {
  const [state, setState] = useState<OutputState>();
  const reader = useMemo(
    () => new OutputReader((offset, max, wait, signal) => host.readOutput({ commandId, instanceId, step, stream }, offset, max, wait, signal), setState),
    [commandId, instanceId, step, stream],
  );
  useEffect(() => {
    reader.start();
    return () => reader.end();
  }, [reader]);
  return { reader, output: state?.window === reader.state.window ? state : reader.state };
}
