/** What to run on a machine to enrol it, for our agent and for the stock one. */
import { quotePosix, quotePowerShell, stringPowerShell } from '../../lib/shellQuote';

export interface Enrolment {
  endpoint: string;
  region: string;
  id: string;
  code: string;
  /** SHA-256 of the hub's `ca.pem`. Without it the certificate authority is taken as it comes. */
  caSha256?: string;
}

const isDigest = (text: string | undefined): text is string => /^[0-9a-f]{64}$/.test(text ?? '');

/** Ends the line unless the file is the one meant. */
function checked(caSha256: string | undefined, file: string): string[] {
  return isDigest(caSha256) ? [`echo "${caSha256}  ${file}" | sha256sum -c -`] : [];
}

/**
 * The hub's certificate authority is not known to the machine yet: it is fetched first and compared with the digest that this page knows,
 * and everything after is checked against it. The code goes by the environment, since other users of the machine can see arguments (sudo's too), and what root
 * runs lies in a folder that nobody else can write to.
 */
export function linuxLine({ endpoint, region, id, code, caSha256 }: Enrolment): string {
  const hub = endpoint.replace(/\/$/, '');
  return [
    `export QUARTERDECK_ACTIVATION_CODE=${quotePosix(code)}`,
    'dir=$(mktemp -d)',
    `curl -fsSk ${quotePosix(`${hub}/quarterdeck/ca.pem`)} -o "$dir/ca.pem"`,
    ...checked(caSha256, '$dir/ca.pem'),
    `curl -fsS --cacert "$dir/ca.pem" ${quotePosix(`${hub}/quarterdeck/install.sh`)} -o "$dir/install.sh"`,
    `sudo --preserve-env=QUARTERDECK_ACTIVATION_CODE sh "$dir/install.sh" --hub ${quotePosix(hub)} --ca-file "$dir/ca.pem" --id ${quotePosix(id)} --region ${quotePosix(region)}`,
  ].join(' && \\\n  ');
}

export function windowsLine({ endpoint, region, id, code, caSha256 }: Enrolment): string {
  const hub = endpoint.replace(/\/$/, '');
  const data = '"$env:ProgramData\\Quarterdeck Agent"';
  const program = '"$env:ProgramFiles\\Quarterdeck Agent\\quarterdeck-agent.exe"';
  return [
    `New-Item -ItemType Directory -Force ${data}, "$env:ProgramFiles\\Quarterdeck Agent" | Out-Null`,
    `curl.exe -fsSk ${quotePowerShell(`${hub}/quarterdeck/ca.pem`)} -o "$env:ProgramData\\Quarterdeck Agent\\ca.pem"`,
    ...(isDigest(caSha256) ? [`if ((Get-FileHash "$env:ProgramData\\Quarterdeck Agent\\ca.pem" -Algorithm SHA256).Hash -ne '${caSha256}') { throw "ca.pem is not this hub's" }`] : []),
    `curl.exe -fsS --ssl-no-revoke --cacert "$env:ProgramData\\Quarterdeck Agent\\ca.pem" ${quotePowerShell(`${hub}/quarterdeck/agent/windows-x86_64`)} -o ${program}`,
    `$env:QUARTERDECK_ACTIVATION_CODE = ${stringPowerShell(code)}`,
    `& ${program} register --data-dir ${data} --endpoint ${quotePowerShell(hub)} --ca-file "$env:ProgramData\\Quarterdeck Agent\\ca.pem" --activation-id ${quotePowerShell(id)} --region ${quotePowerShell(region)}`,
    `& ${program} install-service --data-dir ${data}`,
  ].join('\n');
}

/** The stock agent reads its trust from the system and its endpoints from one file, which must be there before it registers. */
export function stockSteps({ endpoint, region, id, code, caSha256 }: Enrolment): { certificate: string; configuration: string; register: string } {
  const hub = endpoint.replace(/\/$/, '');
  // With a port, the message gateway's endpoint needs its scheme: without one the agent takes the port for a path.
  const configuration = JSON.stringify({ Mds: { Endpoint: hub }, Mgs: { Endpoint: hub, Region: region }, Ssm: { Endpoint: hub } }, null, 2);
  return {
    certificate: [
      'dir=$(mktemp -d)',
      `curl -fsSk ${quotePosix(`${hub}/quarterdeck/ca.pem`)} -o "$dir/ca.pem"`,
      ...checked(caSha256, '$dir/ca.pem'),
      'sudo install -m 644 "$dir/ca.pem" /usr/local/share/ca-certificates/quarterdeck.crt',
      'sudo update-ca-certificates',
    ].join(' && \\\n  '),
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
