/** A command as a document of its own: what is in its fields becomes what the document begins with. */
import { call } from '../../api/call';
import { convertDocument } from '../../api/drafts';
import { keepDraft } from '../documents/draft';
import type { ParameterRule } from './parameters';
import type { RunForm } from './runForm';
import { withDefaults } from './withDefaults';

/** Leaves the document as a draft for the editor; the name under which it finds it. */
export async function leaveAsDocument(form: RunForm, parameters: ParameterRule[]): Promise<string> {
  const version = form.version === '$DEFAULT' ? undefined : form.version;
  const { Content = '{}' } = await call('GetDocument', { Name: form.document, DocumentVersion: version, DocumentFormat: 'JSON' });
  const content = await convertDocument(withDefaults(Content, form, parameters), 'JSON', 'YAML');
  const draft = crypto.randomUUID();
  keepDraft(`new   ${draft}`, { name: '', type: 'Command', format: 'YAML', content, versionName: '' });
  return draft;
}
