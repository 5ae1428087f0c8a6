#!/bin/sh
# Installs quarterdeck-agent from a hub, registers this machine and starts the agent as a service (systemd or launchd).
#
#   curl -fsS --cacert ca.pem https://HUB:8443/quarterdeck/install.sh -o install.sh
#   sudo sh install.sh --hub https://HUB:8443 --ca-file ca.pem --id ACTIVATION-ID --region local-1
#
# The activation code is read from the variable QUARTERDECK_ACTIVATION_CODE or asked for, never given as an argument: other users of
# the machine can see arguments. ca.pem is the hub's certificate (ca.pem in its data directory); compare its fingerprint if you
# fetched it over a network you do not trust.
#
# Run again on a registered machine it updates the agent and keeps the registration; --id is not needed then.
set -eu

hub='' ca='' id='' region=local-1
fail() { echo "install.sh: $*" >&2; exit 1; }
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || { echo "install.sh: $1 needs a value" >&2; exit 2; }
  case "$1" in
    --hub) hub=$2 ;;
    --ca-file) ca=$2 ;;
    --id) id=$2 ;;
    --region) region=$2 ;;
    *) echo "install.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ -n "$hub" ] || fail "--hub is needed"
[ -n "$ca" ] || fail "--ca-file is needed"
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

registered=no
[ ! -e "$data/registration.json" ] || registered=yes
if [ $registered = no ]; then
  [ -n "$id" ] || fail "--id is needed to register this machine"
  if [ -z "${QUARTERDECK_ACTIVATION_CODE:-}" ]; then
    # Opened to find out: the file is there even where there is no terminal.
    ( : </dev/tty ) 2>/dev/null || fail "set QUARTERDECK_ACTIVATION_CODE"
    printf 'Activation code: ' >/dev/tty
    trap 'stty echo </dev/tty' EXIT
    trap 'exit 130' INT TERM
    stty -echo </dev/tty
    read -r QUARTERDECK_ACTIVATION_CODE </dev/tty
    stty echo </dev/tty
    trap - EXIT INT TERM
    echo >/dev/tty
  fi
  export QUARTERDECK_ACTIVATION_CODE
fi

program=/usr/local/bin/quarterdeck-agent
echo "Fetching the agent for $system-$arch"
mkdir -p /usr/local/bin
trap 'rm -f "$program.new"' EXIT
curl -fsS --cacert "$ca" "$hub/quarterdeck/agent/$system-$arch" -o "$program.new" || fail "the hub gave no agent for $system-$arch"
chmod 755 "$program.new"
"$program.new" --version || fail "the hub's agent does not run on this machine"
mv -f "$program.new" "$program"
trap - EXIT

if [ $registered = yes ]; then
  echo "This machine is registered already; its registration is kept"
else
  echo "Registering with $hub"
  "$program" register --data-dir "$data" --endpoint "$hub" --ca-file "$ca" --activation-id "$id" --region "$region"
  unset QUARTERDECK_ACTIVATION_CODE
fi

if [ "$system" = linux ] && ! [ -d /run/systemd/system ]; then
  echo "This machine is not run by systemd. Start the agent with:"
  echo "  $program run --data-dir $data"
  exit 0
fi
"$program" install-service --data-dir "$data"
echo "The agent runs. The node appears in the console within seconds."
