/** What to run on a machine to enrol it, for our agent and for the stock one. */
import { quotePosix, quotePowerShell } from '../../lib/shellQuote';

export interface Enrolment {
  endpoint: string;
  region: string;
  id: string;
  code: string;
}

/**
 * The hub's certificate authority is not known to the machine yet: it is fetched first, and everything after is checked
 * against it. The code goes by the environment, since other users of the machine can see arguments (sudo's too), and what root
 * runs lies in a folder that nobody else can write to.
 */
export function linuxLine({ endpoint, region, id, code }: Enrolment): string {
  const hub = endpoint.replace(/\/$/, '');
  return [
    `export QUARTERDECK_ACTIVATION_CODE=${quotePosix(code)}`,
    'dir=$(mktemp -d)',
    `curl -fsSk ${quotePosix(`${hub}/quarterdeck/ca.pem`)} -o "$dir/ca.pem"`,
    `curl -fsS --cacert "$dir/ca.pem" ${quotePosix(`${hub}/quarterdeck/install.sh`)} -o "$dir/install.sh"`,
    `sudo --preserve-env=QUARTERDECK_ACTIVATION_CODE sh "$dir/install.sh" --hub ${quotePosix(hub)} --ca-file "$dir/ca.pem" --id ${quotePosix(id)} --region ${quotePosix(region)}`,
  ].join(' && \\\n  ');
}

export function windowsLine({ endpoint, region, id, code }: Enrolment): string {
  const hub = endpoint.replace(/\/$/, '');
  const data = '"$env:ProgramData\\Quarterdeck Agent"';
  const program = '"$env:ProgramFiles\\Quarterdeck Agent\\quarterdeck-agent.exe"';
  return [
    `New-Item -ItemType Directory -Force ${data}, "$env:ProgramFiles\\Quarterdeck Agent" | Out-Null`,
    `curl.exe -fsSk ${quotePowerShell(`${hub}/quarterdeck/ca.pem`)} -o "$env:ProgramData\\Quarterdeck Agent\\ca.pem"`,
    `curl.exe -fsS --ssl-no-revoke --cacert "$env:ProgramData\\Quarterdeck Agent\\ca.pem" ${quotePowerShell(`${hub}/quarterdeck/agent/windows-x86_64`)} -o ${program}`,
    `$env:QUARTERDECK_ACTIVATION_CODE = ${quotePowerShell(code)}`,
    `& ${program} register --data-dir ${data} --endpoint ${quotePowerShell(hub)} --ca-file "$env:ProgramData\\Quarterdeck Agent\\ca.pem" --activation-id ${quotePowerShell(id)} --region ${quotePowerShell(region)}`,
    `& ${program} install-service --data-dir ${data}`,
  ].join('\n');
}

/** The stock agent reads its trust from the system and its endpoints from one file, which must be there before it registers. */
export function stockSteps({ endpoint, region, id, code }: Enrolment): { certificate: string; configuration: string; register: string } {
  const hub = endpoint.replace(/\/$/, '');
  // With a port, the message gateway's endpoint needs its scheme: without one the agent takes the port for a path.
  const configuration = JSON.stringify({ Mds: { Endpoint: hub }, Mgs: { Endpoint: hub, Region: region }, Ssm: { Endpoint: hub } }, null, 2);
  return {
    certificate: `sudo curl -fsSk ${quotePosix(`${hub}/quarterdeck/ca.pem`)} -o /usr/local/share/ca-certificates/quarterdeck.crt && sudo update-ca-certificates`,
    configuration: `sudo tee /etc/amazon/ssm/amazon-ssm-agent.json <<'END'\n${configuration}\nEND`,
    register: `sudo amazon-ssm-agent -register -code ${quotePosix(code)} -id ${quotePosix(id)} -region ${quotePosix(region)} && sudo systemctl restart amazon-ssm-agent`,
  };
}

/** Other machines cannot reach an address that means "this machine". */
export function isLoopback(endpoint: string): boolean {
  try {
    const { hostname } = new URL(endpoint);
    return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  } catch {
    return true;
  }
}
