#!/bin/sh
# Installs quarterdeck-agent from a hub, registers this machine and starts the agent as a service (systemd or launchd).
#
#   curl -fsS --cacert ca.pem https://HUB:8443/quarterdeck/install.sh -o install.sh
#   sudo sh install.sh --hub https://HUB:8443 --ca-file ca.pem --id ACTIVATION-ID --region local-1
#
# The activation code is read from the variable QUARTERDECK_ACTIVATION_CODE or asked for, never given as an argument: other users of
# the machine can see arguments. ca.pem is the hub's certificate (ca.pem in its data directory); compare its fingerprint if you
# fetched it over a network you do not trust.
set -eu

hub= ca= id= region=local-1
while [ $# -gt 0 ]; do
  case "$1" in
    --hub) hub=${2:?} ;;
    --ca-file) ca=${2:?} ;;
    --id) id=${2:?} ;;
    --region) region=${2:?} ;;
    *) echo "install.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
fail() { echo "install.sh: $*" >&2; exit 1; }
[ -n "$hub" ] && [ -n "$ca" ] && [ -n "$id" ] || fail "--hub, --ca-file and --id are needed"
[ "$(id -u)" = 0 ] || fail "run it as root (sudo)"
[ -r "$ca" ] || fail "$ca cannot be read"
case "$hub" in https://*) hub=${hub%/} ;; *) fail "--hub must begin with https://" ;; esac
command -v curl >/dev/null 2>&1 || fail "curl is needed"

case "$(uname -s)" in
  Linux) system=linux data=/var/lib/quarterdeck-agent ;;
  Darwin) system=darwin data="/Library/Application Support/Quarterdeck Agent" ;;
  *) fail "$(uname -s) is not a system this script installs on" ;;
esac
case "$(uname -m)" in
  x86_64|amd64) arch=x86_64 ;;
  aarch64|arm64) arch=aarch64 ;;
  *) fail "there is no agent for $(uname -m)" ;;
esac
if [ -z "${QUARTERDECK_ACTIVATION_CODE:-}" ]; then
  [ -r /dev/tty ] || fail "set QUARTERDECK_ACTIVATION_CODE"
  printf 'Activation code: ' >/dev/tty
  stty -echo </dev/tty
  read -r QUARTERDECK_ACTIVATION_CODE </dev/tty
  stty echo </dev/tty
  echo >/dev/tty
fi
export QUARTERDECK_ACTIVATION_CODE

program=/usr/local/bin/quarterdeck-agent
echo "Fetching the agent for $system-$arch"
mkdir -p /usr/local/bin
curl -fsS --cacert "$ca" "$hub/quarterdeck/agent/$system-$arch" -o "$program.new" || fail "the hub has no agent for $system-$arch"
chmod 755 "$program.new"
mv -f "$program.new" "$program"

( umask 077; mkdir -p "$data"; cp "$ca" "$data/ca.pem" )
echo "Registering with $hub"
"$program" register --data-dir "$data" --endpoint "$hub" --ca-file "$data/ca.pem" --activation-id "$id" --region "$region"
unset QUARTERDECK_ACTIVATION_CODE

if [ "$system" = darwin ]; then
  plist=/Library/LaunchDaemons/com.quarterdeck.agent.plist
  cat >"$plist" <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>com.quarterdeck.agent</string>
<key>ProgramArguments</key><array><string>$program</string><string>run</string>
<string>--data-dir</string><string>$data</string></array>
<key>RunAtLoad</key><true/><key>KeepAlive</key><true/>
</dict></plist>
PLIST
  launchctl bootout system "$plist" 2>/dev/null || true
  launchctl bootstrap system "$plist"
elif command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
  cat >/etc/systemd/system/quarterdeck-agent.service <<UNIT
[Unit]
Description=Quarterdeck node agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=$program run --data-dir $data
Restart=always
RestartSec=5
KillMode=process
Delegate=yes

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable quarterdeck-agent
  systemctl restart quarterdeck-agent
else
  echo "This machine has neither systemd nor launchd. Start the agent with:"
  echo "  $program run --data-dir $data"
  exit 0
fi
echo "The agent runs. The node appears in the console within seconds."
