#!/bin/sh
# Builds dhcptool as one static file: libpcap is inside, nothing has to be installed where it runs.
#
#     packaging/static-build.sh [LIBPCAP.tar.gz]
#
# The program is where cargo puts it: in CARGO_TARGET_DIR if that is set, else in what cargo's configuration says or target/.
# Distributions' own libpcap.a wants D-Bus and systemd, so libpcap is built from source without what only other kinds of
# capture need. Without an argument the source comes from Debian's archive (apt-get source, no root needed); any release
# tarball of https://www.tcpdump.org/release/ does as well. Needs a C compiler, make, flex and bison.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
for tool in cc make flex bison cargo; do
    command -v "$tool" >/dev/null || { echo "static-build: $tool is not installed (apt-get install gcc make flex bison)" >&2; exit 1; }
done

built=$("$root/packaging/target-dir")
work=$built/static
target=$(uname -m)-unknown-linux-gnu
mkdir -p "$work"

tarball=${1:-}
if [ -z "$tarball" ]; then
    tarball=$(find "$work" -maxdepth 1 -name 'libpcap_*.orig.tar.*' ! -name '*.asc' | sort | tail -n 1)
fi
if [ -z "$tarball" ]; then
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:?no Debian release: name a libpcap tarball}")
    mkdir -p "$work/apt/lists/partial"
    echo "deb-src https://deb.debian.org/debian $suite main" >"$work/apt/sources.list"
    apt() {
        apt-get -q -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
            -o Dir::State::lists="$work/apt/lists" -o APT::Sandbox::User= "$@"
    }
    apt update
    (cd "$work" && apt source --download-only libpcap)
    tarball=$(find "$work" -maxdepth 1 -name 'libpcap_*.orig.tar.*' ! -name '*.asc' | sort | tail -n 1)
fi

rm -rf "$work/libpcap"
mkdir -p "$work/libpcap"
tar -xf "$tarball" -C "$work/libpcap" --strip-components=1
cd "$work/libpcap"
version=$(cat VERSION)
./configure --quiet --disable-shared --disable-dbus --disable-rdma --disable-usb --disable-bluetooth --without-libnl
make -s libpcap.a

cd "$root"
# Whoever built it, and where, is nobody's business.
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
remap="--remap-path-prefix=$root=dhcptool --remap-path-prefix=$registry=crates"
# The pcap crate does not ask a libpcap it cannot run for its version, so it is told.
LIBPCAP_LIBDIR=$work/libpcap LIBPCAP_VER=$version \
    RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static $remap" \
    cargo build --release --locked --target "$target"

program=$built/$target/release/dhcptool
if ldd "$program" 2>/dev/null | grep -q '=>'; then
    echo "static-build: $program still needs libraries:" >&2
    ldd "$program" >&2
    exit 1
fi
for path in "$root" "$registry"; do
    if grep -qaF "$path" "$program"; then
        echo "static-build: $program holds a path of this machine: $path" >&2
        exit 1
    fi
done
"$program" --version
ls -l "$program"
