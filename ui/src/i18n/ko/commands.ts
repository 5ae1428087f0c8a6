export const run = {};
export const commands = { command: '', done: '', requested: '' };
