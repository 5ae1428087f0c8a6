/** An empty place says why it is empty and what fills it. */
import Box from '@cloudscape-design/components/box';
import type { ReactNode } from 'react';

export function Empty({ title, hint, action }: { title: string; hint?: string; action?: ReactNode }) {
  return (
    <Box textAlign="center" color="inherit" padding={{ vertical: 'l' }}>
      <Box variant="strong" color="inherit">
        {title}
      </Box>
      {hint && (
        <Box variant="p" color="inherit" padding={{ bottom: action ? 's' : undefined }}>
          {hint}
        </Box>
      )}
      {action}
    </Box>
  );
}
