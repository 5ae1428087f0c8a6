import { useEffect, useState } from 'react';

/** The time of day as a value that moves on, so that "2 minutes ago" stays true. Milliseconds. */
export function useNow(every = 10_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
