import { I18nProvider } from '@cloudscape-design/components/i18n';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { asFailure, isTransient } from '../api/errors';
import { host } from '../host';
import { useText } from '../i18n';
import { componentMessages } from '../i18n/components';
import { useStore } from '../lib/store';
import { router } from '../routes';
import { registerBuiltin } from './builtin';
import { CrashBoundary } from './CrashScreen';
import { followIncidents } from './incidents';
import { SignInPage } from './SignInPage';
import { loadUsed } from './used';

registerBuiltin();
void loadUsed();
void followIncidents();

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (count, error) => count < 2 && isTransient(asFailure(error).code),
      refetchOnWindowFocus: true,
    },
  },
});

export function App() {
  const { language } = useText();
  const messages = useStore(componentMessages);
  const [signedIn, setSignedIn] = useState(!host.signIn?.required());
  return (
    <CrashBoundary>
    <I18nProvider locale={language} messages={messages}>
      <QueryClientProvider client={client}>
        {host.signIn && !signedIn ? <SignInPage signIn={host.signIn} onDone={() => setSignedIn(true)} /> : <RouterProvider router={router} />}
      </QueryClientProvider>
    </I18nProvider>
    </CrashBoundary>
  );
}
