/** The form a document asks for: one field for each declared parameter, with the rules it declares. */
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Multiselect from '@cloudscape-design/components/multiselect';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { lazy, Suspense, useId, useState } from 'react';
import { Loading } from '../../components/Loading';
import { type Text, useText } from '../../i18n';
import { describe } from './descriptions';
import { linesOf, type ParameterRule, type Problem, problemOf, scriptLanguage } from './parameters';

const CodeEditor = lazy(() => import('../../components/CodeEditor').then((module) => ({ default: module.CodeEditor })));

interface Props {
  document: string;
  parameters: ParameterRule[];
  plugins: string[];
  fieldOf: (parameter: ParameterRule) => string;
  onChange: (name: string, value: string) => void;
  /** Show what is wrong even where nobody has typed yet. */
  showAll: boolean;
}

export function ParameterForm({ document, parameters, plugins, fieldOf, onChange, showAll }: Props) {
  const { t } = useText();
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  if (parameters.length === 0) return <>{t('run.noParameters')}</>;
  const field = (parameter: ParameterRule) => (
    <Field
      key={parameter.name}
      document={document}
      parameter={parameter}
      plugins={plugins}
      value={fieldOf(parameter)}
      showProblem={showAll || touched.has(parameter.name)}
      onChange={(value) => {
        setTouched((now) => new Set(now).add(parameter.name));
        onChange(parameter.name, value);
      }}
    />
  );
  const required = parameters.filter((parameter) => parameter.required);
  const others = parameters.filter((parameter) => !parameter.required);
  if (required.length === 0) return <SpaceBetween size="l">{others.map(field)}</SpaceBetween>;
  const wrong = others.some((parameter) => problemOf(parameter, fieldOf(parameter)));
  return (
    <SpaceBetween size="l">
      {required.map(field)}
      {others.length > 0 && (
        <ExpandableSection headerText={t('run.otherParameters', { count: others.length })} {...(wrong && showAll ? { expanded: true } : {})}>
          <SpaceBetween size="l">{others.map(field)}</SpaceBetween>
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}

function wordsOf(problem: Problem, { t }: Text): string {
  return t(`run.problem.${problem.rule}`, { value: problem.value, limit: problem.limit });
}

function hintOf(parameter: ParameterRule, { t }: Text): string | undefined {
  if (parameter.allowedValues.length > 0) return undefined;
  if (parameter.type === 'StringList') return t('run.onePerLine');
  if (parameter.type === 'StringMap') return t('run.jsonMap');
  return parameter.type === 'MapList' ? t('run.jsonList') : undefined;
}

interface FieldProps {
  document: string;
  parameter: ParameterRule;
  plugins: string[];
  value: string;
  showProblem: boolean;
  onChange: (value: string) => void;
}

function Field({ document, parameter, plugins, value, showProblem, onChange }: FieldProps) {
  const text = useText();
  const { t } = text;
  const problem = problemOf(parameter, value);
  const script = scriptLanguage(parameter, plugins, value);
  const id = useId();
  const description = describe(document, parameter, text);
  const constraint = script ? t('run.lines', { count: linesOf(value).length }) : hintOf(parameter, text);
  const error = problem && showProblem ? wordsOf(problem, text) : undefined;
  // Cloudscape names the parts of a field by the id of its control, and tells only controls of its own.
  const describedBy = [error && `${id}-error`, description && `${id}-description`, constraint && `${id}-constraint`].filter(Boolean).join(' ');
  const label = parameter.required ? (
    parameter.name
  ) : (
    <span>
      {parameter.name} <i>– {t('run.optional')}</i>
    </span>
  );
  return (
    <FormField
      stretch
      label={label}
      description={description}
      constraintText={constraint}
      errorText={error}
      controlId={id}
    >
      {script ? (
        <Suspense fallback={<Loading />}>
          <CodeEditor
            value={value}
            language={script}
            label={`${parameter.name} (${t('run.script')})`}
            onChange={onChange}
            rows={10}
            invalid={error !== undefined}
            required={parameter.required}
            describedBy={describedBy}
          />
        </Suspense>
      ) : (
        <Control parameter={parameter} value={value} onChange={onChange} invalid={Boolean(problem) && showProblem} />
      )}
    </FormField>
  );
}

function Control({ parameter, value, onChange, invalid }: { parameter: ParameterRule; value: string; onChange: (value: string) => void; invalid: boolean }) {
  const allowed = parameter.type === 'Boolean' ? ['true', 'false'] : parameter.allowedValues;
  const options = allowed.map((item) => ({ value: item, label: item === '' ? '–' : item }));
  if (options.length > 0 && parameter.type === 'StringList') {
    return (
      <Multiselect
        selectedOptions={linesOf(value).map((item) => ({ value: item, label: item }))}
        options={options}
        invalid={invalid}
        expandToViewport
        onChange={({ detail }) => onChange(detail.selectedOptions.map((item) => item.value ?? '').join('\n'))}
      />
    );
  }
  if (options.length > 0) {
    const chosen = options.find((item) => item.value === value) ?? null;
    return <Select selectedOption={chosen} options={options} invalid={invalid} expandToViewport onChange={({ detail }) => onChange(detail.selectedOption.value ?? '')} />;
  }
  if (parameter.multiline || parameter.type === 'StringList' || parameter.type === 'StringMap' || parameter.type === 'MapList') {
    const rows = Math.min(10, Math.max(3, value.split('\n').length));
    return <Textarea value={value} rows={rows} spellcheck={false} invalid={invalid} onChange={({ detail }) => onChange(detail.value)} />;
  }
  return (
    <Input
      value={value}
      spellcheck={false}
      invalid={invalid}
      inputMode={parameter.type === 'Integer' ? 'numeric' : 'text'}
      onChange={({ detail }) => onChange(detail.value)}
    />
  );
}
