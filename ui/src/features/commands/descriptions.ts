/** What a parameter is for, in the language of the console where the document is one of the library's; else as its author wrote it. */
import type { Text } from '../../i18n';
import type { ParameterRule } from './parameters';

export function describe(document: string, parameter: ParameterRule, { maybe }: Text): string {
  return document.startsWith('AWS-') ? maybe(`documents.known.${parameter.name}`, parameter.description) : parameter.description;
}
