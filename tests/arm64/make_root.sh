#!/bin/sh
# Makes a Debian arm64 root with a genrekit of this checkout, or brings the one of an earlier run up to date:
# make_root.sh FOLDER [PYTHON]. Mirror, proxy, name servers, certificates and pip's index are those of this machine.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
folder=$1
python=${2:-python3}
root=$folder/root
in_root() { "$here/in_root.sh" "$root" "$@"; }
say() { echo "$(date +%T) $*"; }

[ "$(id -u)" = 0 ] || { echo "make_root.sh: chroot and mount need root; run it with sudo" >&2; exit 1; }
for tool in debootstrap qemu-aarch64-static update-binfmts; do
    command -v $tool >/dev/null || {
        echo "make_root.sh: no $tool; run: apt install debootstrap qemu-user-static binfmt-support" >&2
        exit 1
    }
done

# The file .complete is written last, so that a root that was broken off is made anew.
if [ ! -e "$root/.complete" ]; then
    say "making the root in $root"
    rm -rf "$root"
    mkdir -p "$root"
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }')
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    [ -z "${http_proxy:-}" ] || export http_proxy
    # shellcheck disable=SC2086 (without a mirror, debootstrap takes its own default)
    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3-venv bookworm "$root" $mirror \
        >"$folder/debootstrap.log"
    say "unpacking it"
    in_root /debootstrap/debootstrap --second-stage >>"$folder/debootstrap.log"
    in_root python3 -m venv /opt/genrekit
    rm -f "$root"/var/cache/apt/archives/*.deb
    touch "$root/.complete"
fi

say "installing the wheel"
cp /etc/resolv.conf "$root/etc/resolv.conf"
settings=$("$python" -m pip config list | awk -F= '
    { name = $1; sub(/.*\./, "", name); value = substr($0, length($1) + 2); gsub(/^.|.$/, "", value) }
    !seen[name]++ { print name " = " value }')  # variables are listed before files, and hold
certificates=$(echo "$settings" | sed -n 's/^cert = //p')
mkdir -p "$root/etc/ssl/certs"
cp "${certificates:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
{
    echo "[global]"
    echo "cert = /etc/ssl/certs/ca-certificates.crt"
    echo "$settings" | grep -E '^(index-url|proxy|trusted-host|default-timeout) = ' || true
} >"$root/etc/pip.conf"

rm -rf "$root/opt/wheel"
"$python" "$source/.ci/wheels.py" "$root/opt/wheel" manylinux_2_17_aarch64
cp "$source/constraints.txt" "$root/opt/wheel/"
in_root sh -euc '
    pip="/opt/genrekit/bin/python -m pip --disable-pip-version-check"
    wheel=$(echo /opt/wheel/*.whl)
    $pip install --quiet --no-deps --force-reinstall "$wheel"
    $pip install --quiet --only-binary :all: --constraint /opt/wheel/constraints.txt "$wheel[litert,onnx]"'
say "the root is ready"
