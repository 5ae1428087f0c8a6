#!/bin/sh
# Installs quarterdeck-agent on this machine and registers it with the hub that served this script.
#
# The hub fills in its address, region and certificate authority when it serves the file at /quarterdeck/install.sh.
#
#   sh install.sh --activation-id ID --activation-code CODE
#
# As root it installs for the system; otherwise for this user alone. It says every change before it makes it.
set -eu

hub='@HUB_URL@'
region='@REGION@'
activation_id=''
activation_code="${QUARTERDECK_ACTIVATION_CODE:-}"
data_dir=''
bin_dir=''
service=yes
force=''

usage() {
    cat <<'USAGE'
usage: install.sh --activation-id ID --activation-code CODE [options]
  --hub URL            another address of the hub
  --region NAME        region of the hub
  --data-dir DIR       where the agent keeps its state
  --bin-dir DIR        where the program goes
  --no-service         register only; start it yourself
  --force              replace an existing registration
USAGE
}

say() { printf 'quarterdeck: %s\n' "$*"; }
fail() { printf 'quarterdeck: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case "$1" in
        --activation-id|--activation-code|--hub|--region|--data-dir|--bin-dir)
            [ $# -ge 2 ] || fail "$1 needs a value"
            case "$1" in
                --activation-id) activation_id=$2 ;;
                --activation-code) activation_code=$2 ;;
                --hub) hub=$2 ;;
                --region) region=$2 ;;
                --data-dir) data_dir=$2 ;;
                --bin-dir) bin_dir=$2 ;;
            esac
            shift 2 ;;
        --no-service) service=no; shift ;;
        --force) force=--force; shift ;;
        -h|--help) usage; exit 0 ;;
        *) usage >&2; fail "unknown option $1" ;;
    esac
done
[ -n "$activation_id" ] && [ -n "$activation_code" ] || { usage >&2; fail "--activation-id and --activation-code are needed; make them with CreateActivation"; }
case "$hub" in https://*) ;; *) fail "the hub's address must begin with https://" ;; esac

case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) fail "no agent for $(uname -s) here; on Windows download quarterdeck-agent.exe from the hub" ;;
esac
case "$(uname -m)" in
    x86_64|amd64) arch=x86_64 ;;
    aarch64|arm64) arch=aarch64 ;;
    *) fail "no agent for $(uname -m)" ;;
esac

if [ "$(id -u)" = 0 ]; then
    : "${bin_dir:=/usr/local/bin}"
    : "${data_dir:=/var/lib/quarterdeck-agent}"
    user=''
else
    : "${bin_dir:=$HOME/.local/bin}"
    : "${data_dir:=${XDG_STATE_HOME:-$HOME/.local/state}/quarterdeck-agent}"
    user=--user
    say "not root: installing for $(id -un) alone; commands will run as this user"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/quarterdeck.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
ca="$work/ca.pem"
cat > "$ca" <<'PEM'
@CA_PEM@
PEM
grep -q 'BEGIN CERTIFICATE' "$ca" || fail "this copy of the script carries no certificate authority; fetch it from the hub"

fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl --fail --silent --show-error --location --proto '=https' --cacert "$ca" --output "$2" "$1"
    elif command -v wget >/dev/null 2>&1; then
        wget --quiet --https-only --ca-certificate="$ca" --output-document="$2" "$1"
    else
        fail "curl or wget is needed"
    fi
}

say "fetching the agent for $os-$arch from $hub"
fetch "$hub/quarterdeck/agent/$os-$arch" "$work/quarterdeck-agent" || fail "the agent could not be fetched"
chmod 755 "$work/quarterdeck-agent"
"$work/quarterdeck-agent" --version >/dev/null || fail "the program the hub sent does not run on this machine"

say "installing $("$work/quarterdeck-agent" --version) as $bin_dir/quarterdeck-agent"
mkdir -p "$bin_dir"
# Beside it first, then over it: a running agent keeps its own copy until it is restarted.
cp "$work/quarterdeck-agent" "$bin_dir/.quarterdeck-agent.new"
mv -f "$bin_dir/.quarterdeck-agent.new" "$bin_dir/quarterdeck-agent"

has_service() {
    case "$os" in
        macos) return 0 ;;
        *) command -v systemctl >/dev/null 2>&1 && { [ -n "$user" ] || [ -d /run/systemd/system ]; } ;;
    esac
}

if [ -e "$data_dir/registration.json" ] && [ -z "$force" ]; then
    say "registered already in $data_dir; keeping that registration (use --force to replace it)"
else
    if [ -n "$force" ] && [ -e "$data_dir/registration.json" ] && has_service; then
        say "stopping the running agent"
        "$bin_dir/quarterdeck-agent" uninstall-service $user --data-dir "$data_dir" || true
    fi
    say "registering with $hub, state in $data_dir"
    # The code goes through the environment: arguments are visible to every user of the machine.
    QUARTERDECK_ACTIVATION_CODE="$activation_code" "$bin_dir/quarterdeck-agent" register $force \
        --endpoint "$hub" --region "$region" --ca-file "$ca" --activation-id "$activation_id" --data-dir "$data_dir"
fi

if [ "$service" = no ]; then
    say "start it with: $bin_dir/quarterdeck-agent run --data-dir $data_dir"
elif has_service; then
    say "installing and starting the service"
    "$bin_dir/quarterdeck-agent" install-service $user --data-dir "$data_dir"
    if [ "$os" = linux ]; then
        systemctl $user restart quarterdeck-agent.service
    fi
    if [ -n "$user" ] && [ "$os" = linux ]; then
        say "to keep it running while you are logged out: loginctl enable-linger $(id -un)"
    fi
    say "done: the agent runs"
else
    say "there is no systemd here; start it with: $bin_dir/quarterdeck-agent run --data-dir $data_dir"
fi
