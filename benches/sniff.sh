#!/bin/sh
# dhcptool sniff beside tcpdump, dhcpdump and tshark under the same load of DHCP frames, one after the other. Prints what
# each was sent, what it kept or showed, what it lost and what a frame cost it.
#
#     benches/sniff.sh [--runs N] [--seconds S] [--only NAME]
#
# Builds a release and examples/flood, which sends the load through a cable in a private network of its own; nothing is left
# behind, however it ends. Whatever is not installed is named and left out. Needs root (tcpdump and tshark do not run
# otherwise), Python 3 and about 1 GB of /dev/shm.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cargo build --release --manifest-path "$root/Cargo.toml" --bins --example flood
exec python3 "$root/benches/sniff.py" "$@"
