#!/bin/sh
# dhcptool against cat, tcpdump, tshark and the decompressors, on the same files, in turn. Prints ratios with their spread.
#
#     benches/compare.sh [--runs N] [--scale F] [--folder DIR]
#
# Builds a release, makes its own captures (3.5 GB, and 2.5 GB of JSON for a while; --scale 0.1 for a tenth; kept in --folder) and
# leaves out whatever is not installed. Needs Python 3.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cargo build --release --manifest-path "$root/Cargo.toml"
exec python3 "$root/benches/compare.py" "$@"
