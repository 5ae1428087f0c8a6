/** What the API asks of a document's name and version name (semantics 3.1.3), so that a person learns of it while typing. */
import type { TextKey } from '../../i18n';

const RESERVED = /^(?:aws|amazon|amzn)/i;

export function nameProblem(name: string): TextKey | undefined {
  if (name === '') return 'editing.nameNeeded';
  if (!/^[a-zA-Z0-9_\-.]{3,128}$/.test(name)) return 'editing.nameInvalid';
  return RESERVED.test(name) ? 'editing.nameReserved' : undefined;
}

export function versionNameProblem(name: string): TextKey | undefined {
  return name === '' || /^[a-zA-Z0-9_\-.]{1,128}$/.test(name) ? undefined : 'editing.versionNameInvalid';
}

/** Types that can be written here; the others need files or services that a hub has not. */
export const TYPES = ['Command', 'Policy', 'Session', 'Automation', 'ChangeCalendar'];

export const FORMATS_OF: Record<string, ('YAML' | 'JSON' | 'TEXT')[]> = { ChangeCalendar: ['TEXT'] };
export const FORMATS: ('YAML' | 'JSON' | 'TEXT')[] = ['YAML', 'JSON'];

/** What a new document begins with: something that is right and does nothing bad. */
export const BEGINNINGS: Record<string, string> = {
  Command: `schemaVersion: '2.2'
description: ''
parameters:
  Message:
    type: String
    default: Hello
mainSteps:
  - action: aws:runShellScript
    name: sayHello
    inputs:
      runCommand:
        - echo "{{ Message }}"
`,
  Policy: `schemaVersion: '2.0'
mainSteps:
  - action: aws:softwareInventory
    name: inventory
    inputs: {}
`,
  Session: `schemaVersion: '1.0'
description: ''
sessionType: Standard_Stream
inputs:
  idleSessionTimeout: '20'
`,
  Automation: `schemaVersion: '0.3'
description: ''
mainSteps:
  - name: wait
    action: aws:sleep
    inputs:
      Duration: PT10S
`,
  ChangeCalendar: `BEGIN:VCALENDAR
PRODID:-//AWS//Change Calendar 1.0//EN
VERSION:2.0
X-CALENDAR-TYPE:DEFAULT_OPEN
END:VCALENDAR
`,
};
