import * as common from './common';
import * as connections from './connections';
import { commands, run } from './commands';
import { documents, editing } from './documents';
import { activations, letIn, nodes, simulated } from './nodes';
import { notifications } from './notifications';
import { overview } from './overview';
import { results } from './results';
import { sessions, terminal } from './sessions';
import { settings } from './settings';
import { diagnostics, guide } from './shell';

export const ko = { ...common, ...connections, overview, nodes, activations, letIn, simulated, run, commands, results, documents, editing, settings, notifications, guide, diagnostics, terminal, sessions };
