/** The shapes the pages name, from the generated types, in one place to import from. */
export type { Operations } from './generated/operations.gen';
export type { Command, CommandFilter, CommandInvocation, CommandPlugin, SendCommandInput } from './generated/commands';
export type { AccountSharingInfo, DocumentDescription, DocumentFormat, DocumentIdentifier, DocumentType, DocumentVersionInfo } from './generated/documents';
export type { Activation } from './generated/nodes';
export type { Tag, Target } from './generated/shared';
