/** Every page of the console. A page added there has a line here, so that it is opened in both themes and both languages. */
export const ROUTES = [
  { name: 'overview', path: () => '/' },
  { name: 'nodes', path: () => '/nodes' },
  { name: 'node', path: ({ node }) => `/nodes/${node}` },
  { name: 'nodes-filtered', path: () => `/nodes?q=${encodeURIComponent('status=Online,ConnectionLost tag:role!=db name:web')}` },
  { name: 'node-commands', path: ({ node }) => `/nodes/${node}?tab=commands` },
  { name: 'node-tags', path: ({ node }) => `/nodes/${node}?tab=tags` },
  { name: 'node-connection', path: ({ node }) => `/nodes/${node}?tab=connection` },
  { name: 'activations', path: () => '/activations' },
  { name: 'run', path: ({ node }) => `/run?nodes=${encodeURIComponent(JSON.stringify([node]))}` },
  { name: 'commands', path: () => '/commands' },
  { name: 'command', path: ({ command }) => `/commands/${command}` },
  { name: 'documents', path: () => '/documents' },
  { name: 'document', path: () => '/documents/AWS-RunShellScript' },
  { name: 'document-parameters', path: () => '/documents/AWS-RunShellScript?tab=parameters' },
  { name: 'settings', path: () => '/settings' },
  { name: 'not-found', path: () => '/nothing-here' },
];
