export const nodes = {};
export const activations = {};
