import * as common from './common';
import * as connections from './connections';
import { commands, run } from './commands';
import { documents } from './documents';
import { activations, letIn, nodes, simulated } from './nodes';
import { overview } from './overview';
import { results } from './results';
import { settings } from './settings';

export const en = { ...common, ...connections, overview, nodes, activations, letIn, simulated, run, commands, results, documents, settings };
