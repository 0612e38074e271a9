#!/bin/sh
# Installs what the tests need beside Python packages: libvirt's own clients, as the other side of the conversation.
# Without root, or without apt-get, it leaves things as they are, and tests that need what is missing say so.
set -u
pip=$1
packages="virtinst libvirt-clients libvirt-daemon-system libvirt-dev pkg-config gcc libc6-dev python3-dev lxc lxcfs busybox-static dnsmasq-base nftables iproute2 qemu-utils qemu-guest-agent openssl parted e2fsprogs util-linux fuse3 libfuse2"
# Clients that are not libvirt's own.
packages="$packages libvirt-dbus dbus-daemon dbus-bin prometheus-libvirt-exporter curl ansible python3-libvirt python3-lxml golang-go golang-github-digitalocean-go-libvirt-dev"
packages="$packages qemu-system-x86 linux-image-cloud-amd64"

missing() {
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
    done
}

if command -v dpkg-query >/dev/null && [ "$(id -u)" = 0 ]; then
    wanted=$(missing)
    if [ -n "$wanted" ]; then
        echo "installing for the tests: $wanted"
        apt-get -qq update
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $wanted >/dev/null
    fi
fi

"$(dirname "$pip")/python" -c 'import libvirt' 2>/dev/null || "$pip" install --quiet --disable-pip-version-check libvirt-python ||
    echo "libvirt-python could not be built; its tests will say so" >&2

# lxml is an extra of ours, and a build of Python without wheels of it, such as the free-threaded one, does without.
"$(dirname "$pip")/python" -c 'import lxml' 2>/dev/null ||
    "$pip" install --quiet --disable-pip-version-check --only-binary lxml 'lxml>=5' ||
    echo "there is no wheel of lxml for this Python; its tests will say so" >&2

# The binding's own tests come with its source archive alone.
sources=$(dirname "$pip")/../share/sources
if [ ! -e "$sources" ]; then
    version=$("$(dirname "$pip")/python" -c 'import importlib.metadata as m; print(m.version("libvirt-python"))' 2>/dev/null) &&
        "$pip" download --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-binary :all: --dest "$sources" "libvirt-python==$version" ||
        echo "the source of libvirt-python could not be fetched; its own tests are not run" >&2
fi
