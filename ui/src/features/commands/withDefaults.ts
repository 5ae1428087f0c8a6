/** The fields of a form as the defaults of the document they belong to. */
import { linesOf, type ParameterRule } from './parameters';
import { fieldOf, type RunForm } from './runForm';

type Json = Record<string, unknown>;

/** The value of a field as a document declares it; undefined when it is not of its type. */
function typed(parameter: ParameterRule, field: string): unknown {
  if (parameter.type === 'StringList') return linesOf(field);
  if (parameter.type === 'Integer') return /^-?\d+$/.test(field.trim()) ? Number(field) : undefined;
  if (parameter.type === 'Boolean') return field === 'true' ? true : field === 'false' ? false : undefined;
  if (parameter.type === 'StringMap' || parameter.type === 'MapList') {
    try {
      return field.trim() === '' ? undefined : (JSON.parse(field) as unknown);
    } catch {
      return undefined;
    }
  }
  return field;
}

/** The document's content with the fields as defaults of its parameters. */
export function withDefaults(content: string, form: RunForm, parameters: ParameterRule[]): string {
  const document = JSON.parse(content) as { parameters?: Record<string, Json> };
  for (const parameter of parameters) {
    const declared = document.parameters?.[parameter.name];
    const field = fieldOf(form, parameter);
    const value = typed(parameter, field);
    if (declared && value !== undefined && field !== parameter.default) declared.default = value;
  }
  return JSON.stringify(document, null, 2);
}
