/** What to run on a machine to enrol it, for our agent and for the stock one. */
import { quotePosix, quotePowerShell } from '../../lib/shellQuote';

export interface Enrolment {
  endpoint: string;
  region: string;
  id: string;
  code: string;
}

/** The hub's certificate authority is not known to the machine yet: it is fetched first, and everything after is checked against it. */
export function linuxLine({ endpoint, region, id, code }: Enrolment): string {
  const hub = endpoint.replace(/\/$/, '');
  return [
    `curl -fsSk ${quotePosix(`${hub}/quarterdeck/ca.pem`)} -o /tmp/quarterdeck-ca.pem`,
    `curl -fsS --cacert /tmp/quarterdeck-ca.pem ${quotePosix(`${hub}/quarterdeck/install.sh`)} | sudo sh -s -- --hub ${quotePosix(hub)} --ca /tmp/quarterdeck-ca.pem --region ${quotePosix(region)} --id ${quotePosix(id)} --code ${quotePosix(code)}`,
  ].join(' && \\\n  ');
}

export function windowsLine({ endpoint, region, id, code }: Enrolment): string {
  const hub = endpoint.replace(/\/$/, '');
  return [
    `curl.exe -fsSk ${quotePowerShell(`${hub}/quarterdeck/ca.pem`)} -o "$env:TEMP\\quarterdeck-ca.pem"`,
    `curl.exe -fsS --ssl-no-revoke --cacert "$env:TEMP\\quarterdeck-ca.pem" ${quotePowerShell(`${hub}/quarterdeck/agent/windows-x86_64`)} -o "$env:TEMP\\quarterdeck-agent.exe"`,
    `& "$env:TEMP\\quarterdeck-agent.exe" register --hub ${quotePowerShell(hub)} --ca "$env:TEMP\\quarterdeck-ca.pem" --region ${quotePowerShell(region)} --id ${quotePowerShell(id)} --code ${quotePowerShell(code)}`,
    `& "$env:TEMP\\quarterdeck-agent.exe" install`,
  ].join('\n');
}

/** The stock agent reads its trust from the system and its endpoints from one file, which must be there before it registers. */
export function stockSteps({ endpoint, region, id, code }: Enrolment): { certificate: string; configuration: string; register: string } {
  const hub = endpoint.replace(/\/$/, '');
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
