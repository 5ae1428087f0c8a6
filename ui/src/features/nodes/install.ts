/** What to run on a machine to enrol it, for our agent and for the stock one, on each system. */
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

const hubOf = ({ endpoint }: Pick<Enrolment, 'endpoint'>): string => endpoint.replace(/\/$/, '');
const chain = (steps: string[]): string => steps.join(' && \\\n  ');

/** Fetches the authority into a folder that nobody else can write to, and ends the line unless it is the one meant. */
function authority(enrolment: Enrolment, digest: 'sha256sum' | 'shasum -a 256'): string[] {
  const check = isDigest(enrolment.caSha256) ? [`echo "${enrolment.caSha256}  $dir/ca.pem" | ${digest} -c -`] : [];
  return ['dir=$(mktemp -d)', `curl -fsSk ${quotePosix(`${hubOf(enrolment)}/quarterdeck/ca.pem`)} -o "$dir/ca.pem"`, ...check];
}

/**
 * The hub's certificate authority is not known to the machine yet: it is fetched first and compared with the digest that this page knows,
 * and everything after is checked against it. The code goes by the environment, since other users of the machine can see arguments (sudo's too), and what root
 * runs lies in a folder that nobody else can write to.
 */
function installed(enrolment: Enrolment, digest: 'sha256sum' | 'shasum -a 256'): string {
  const hub = hubOf(enrolment);
  return chain([
    `export QUARTERDECK_ACTIVATION_CODE=${quotePosix(enrolment.code)}`,
    ...authority(enrolment, digest),
    `curl -fsS --cacert "$dir/ca.pem" ${quotePosix(`${hub}/quarterdeck/install.sh`)} -o "$dir/install.sh"`,
    `sudo --preserve-env=QUARTERDECK_ACTIVATION_CODE sh "$dir/install.sh" --hub ${quotePosix(hub)} --ca-file "$dir/ca.pem" --id ${quotePosix(enrolment.id)} --region ${quotePosix(enrolment.region)}`,
  ]);
}

export function linuxLine(enrolment: Enrolment): string {
  return installed(enrolment, 'sha256sum');
}

/** macOS has `shasum` where Linux has `sha256sum`. */
export function macLine(enrolment: Enrolment): string {
  return installed(enrolment, 'shasum -a 256');
}

/** Fetches the authority into `file`, a PowerShell expression, and stops unless it is the one meant. */
function authorityPowerShell(enrolment: Enrolment, file: string): string[] {
  return [
    `curl.exe -fsSk ${quotePowerShell(`${hubOf(enrolment)}/quarterdeck/ca.pem`)} -o ${file}`,
    ...(isDigest(enrolment.caSha256) ? [`if ((Get-FileHash ${file} -Algorithm SHA256).Hash -ne '${enrolment.caSha256}') { throw "ca.pem is not this hub's" }`] : []),
  ];
}

export function windowsLine(enrolment: Enrolment): string {
  const { region, id, code } = enrolment;
  const hub = hubOf(enrolment);
  const data = '"$env:ProgramData\\Quarterdeck Agent"';
  const ca = '"$env:ProgramData\\Quarterdeck Agent\\ca.pem"';
  const program = '"$env:ProgramFiles\\Quarterdeck Agent\\quarterdeck-agent.exe"';
  return [
    `New-Item -ItemType Directory -Force ${data}, "$env:ProgramFiles\\Quarterdeck Agent" | Out-Null`,
    ...authorityPowerShell(enrolment, ca),
    `curl.exe -fsS --ssl-no-revoke --cacert ${ca} ${quotePowerShell(`${hub}/quarterdeck/agent/windows-x86_64`)} -o ${program}`,
    `$env:QUARTERDECK_ACTIVATION_CODE = ${stringPowerShell(code)}`,
    `& ${program} register --data-dir ${data} --endpoint ${quotePowerShell(hub)} --ca-file ${ca} --activation-id ${quotePowerShell(id)} --region ${quotePowerShell(region)}`,
    `& ${program} install-service --data-dir ${data}`,
  ].join('\n');
}

export type StockSystem = 'deb' | 'rpm' | 'macos' | 'windows';
export const STOCK_SYSTEMS: StockSystem[] = ['deb', 'rpm', 'windows', 'macos'];

/** Where AWS hands out its agent: see "Installing SSM Agent" in the Systems Manager guide. */
const STOCK = 'https://s3.amazonaws.com/ec2-downloads-windows/SSMAgent/latest';

/**
 * The stock agent's endpoints. With a port, the message gateway's endpoint needs its scheme: without one the agent takes the
 * port for a path.
 */
function stockConfiguration(enrolment: Enrolment): string {
  const hub = hubOf(enrolment);
  return JSON.stringify({ Mds: { Endpoint: hub }, Mgs: { Endpoint: hub, Region: enrolment.region }, Ssm: { Endpoint: hub } });
}

/** Of each POSIX system: how it trusts, installs, is configured and started. */
const UNIX: Record<Exclude<StockSystem, 'windows'>, { trust: string[]; install: string[]; folder: string; program: string; start: string }> = {
  deb: {
    trust: ['sudo install -m 644 "$dir/ca.pem" /usr/local/share/ca-certificates/quarterdeck.crt', 'sudo update-ca-certificates'],
    install: [`curl -fsSL "${STOCK}/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb" -o "$dir/agent.deb"`, 'sudo dpkg -i "$dir/agent.deb"'],
    folder: '/etc/amazon/ssm',
    program: 'amazon-ssm-agent',
    start: 'sudo systemctl restart amazon-ssm-agent',
  },
  rpm: {
    trust: ['sudo install -m 644 "$dir/ca.pem" /etc/pki/ca-trust/source/anchors/quarterdeck.pem', 'sudo update-ca-trust'],
    install: [`curl -fsSL "${STOCK}/linux_$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')/amazon-ssm-agent.rpm" -o "$dir/agent.rpm"`, 'sudo rpm -U --replacepkgs "$dir/agent.rpm"'],
    folder: '/etc/amazon/ssm',
    program: 'amazon-ssm-agent',
    start: 'sudo systemctl restart amazon-ssm-agent',
  },
  macos: {
    trust: ['sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "$dir/ca.pem"'],
    install: [`curl -fsSL "${STOCK}/darwin_$(uname -m | sed 's/x86_64/amd64/')/amazon-ssm-agent.pkg" -o "$dir/agent.pkg"`, 'sudo installer -pkg "$dir/agent.pkg" -target /'],
    folder: '/opt/aws/ssm',
    program: '/opt/aws/ssm/bin/amazon-ssm-agent',
    start: 'sudo launchctl kickstart -k system/com.amazon.aws.ssm',
  },
};

/** The unmodified agent for AWS itself, whose addresses and certificates it knows. */
export function awsLine({ region, id, code }: Pick<Enrolment, 'region' | 'id' | 'code'>, system: StockSystem): string {
  if (system === 'windows') {
    return [
      '$dir = New-Item -ItemType Directory -Force "$env:ProgramData\\Quarterdeck Setup"',
      `curl.exe -fsSL ${STOCK}/windows_amd64/AmazonSSMAgentSetup.exe -o "$dir\\AmazonSSMAgentSetup.exe"`,
      'Start-Process "$dir\\AmazonSSMAgentSetup.exe" -ArgumentList /quiet -Wait',
      `& "$env:ProgramFiles\\Amazon\\SSM\\amazon-ssm-agent.exe" -register -y -code ${stringPowerShell(code)} -id ${stringPowerShell(id)} -region ${stringPowerShell(region)}`,
      'Restart-Service AmazonSSMAgent',
    ].join('\n');
  }
  const unix = UNIX[system];
  return chain(['dir=$(mktemp -d)', ...unix.install, `sudo ${unix.program} -register -y -code ${quotePosix(code)} -id ${quotePosix(id)} -region ${quotePosix(region)}`, unix.start]);
}

/** The unmodified agent from nothing to registered: it reads its trust from the system and its endpoints from one file, which must be there before it registers. */
export function stockLine(enrolment: Enrolment, system: StockSystem): string {
  const { region, id, code } = enrolment;
  const configuration = stockConfiguration(enrolment);
  if (system === 'windows') {
    const program = '"$env:ProgramFiles\\Amazon\\SSM\\amazon-ssm-agent.exe"';
    return [
      '$dir = New-Item -ItemType Directory -Force "$env:ProgramData\\Quarterdeck Setup"',
      ...authorityPowerShell(enrolment, '"$dir\\ca.pem"'),
      'Import-Certificate -FilePath "$dir\\ca.pem" -CertStoreLocation Cert:\\LocalMachine\\Root | Out-Null',
      `curl.exe -fsSL ${STOCK}/windows_amd64/AmazonSSMAgentSetup.exe -o "$dir\\AmazonSSMAgentSetup.exe"`,
      'Start-Process "$dir\\AmazonSSMAgentSetup.exe" -ArgumentList /quiet -Wait',
      `Set-Content -Encoding ascii -Path "$env:ProgramFiles\\Amazon\\SSM\\amazon-ssm-agent.json" -Value ${stringPowerShell(configuration)}`,
      `& ${program} -register -y -code ${stringPowerShell(code)} -id ${stringPowerShell(id)} -region ${stringPowerShell(region)}`,
      'Restart-Service AmazonSSMAgent',
    ].join('\n');
  }
  const unix = UNIX[system];
  return chain([
    ...authority(enrolment, system === 'macos' ? 'shasum -a 256' : 'sha256sum'),
    ...unix.trust,
    ...unix.install,
    `sudo mkdir -p ${unix.folder}`,
    `printf '%s' ${quotePosix(configuration)} | sudo tee ${unix.folder}/amazon-ssm-agent.json >/dev/null`,
    `sudo ${unix.program} -register -y -code ${quotePosix(code)} -id ${quotePosix(id)} -region ${quotePosix(region)}`,
    unix.start,
  ]);
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

/** A digest as people compare it: in groups. */
export function grouped(digest: string): string {
  return digest.match(/.{1,8}/g)?.join(' ') ?? digest;
}
