#!/usr/bin/env python3
"""How many instructions a packet takes, counted by callgrind: the same for every run, however busy the machine is.

    benches/instructions.py            compares with the record in instructions.json; 1 when anything grew by more than 5 %
    benches/instructions.py --record   writes the record anew

Measures the release build (DHCPTOOL names another one), which has to be there. Needs valgrind; without it nothing is compared. What
starting takes is measured apart and taken off. Another compiler gives other counts: a record of one says nothing of another.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "instructions.json"
TOLERANCE = 0.05

# Name, what make_capture.py is asked for, and how it is decoded.
CASES = [
    ("start", ("tiny", 2000, 1), "--json"),
    ("json", ("dhcp", 3_000_000, 1), "--json"),
    ("lines", ("dhcp", 3_000_000, 1), ""),
    ("full", ("dhcp", 3_000_000, 1), "-v"),
    ("dump", ("dhcp", 3_000_000, 1), "-vv"),
    ("csv", ("dhcp", 3_000_000, 1), "--format csv"),
    ("ndjson rows", ("dhcp", 3_000_000, 1), "--flat"),
    ("dhcpv6 json", ("six", 2_000_000, 1, "--six"), "--json"),
    ("dhcpv6 lines", ("six", 2_000_000, 1, "--six"), ""),
    ("dhcpv6 full", ("six", 2_000_000, 1, "--six"), "-v"),
    ("scan", ("mixed", 20_000_000, 0.001), "--json"),
]


def program():
    given = os.environ.get("DHCPTOOL")
    if given:
        return given
    folder = subprocess.check_output([HERE.parent / "packaging/target-dir"], text=True).strip()
    return str(pathlib.Path(folder) / "release/dhcptool")


def count(command):
    """Instructions of a whole process."""
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return int(next(line for line in done.stderr.splitlines() if "Collected" in line).split()[-1])


def measure(binary, folder):
    """Instructions a packet; of the start, all."""
    counts, packets, starts = {}, {}, {}
    for name, (capture, size, share, *more), flags in CASES:
        path = folder / f"{capture}.pcap"
        if path not in packets:
            made = subprocess.run([sys.executable, HERE / "make_capture.py", path, "--bytes", str(size), "--dhcp",
                                   str(share), *more], stdout=subprocess.PIPE, check=True)
            packets[path] = json.loads(made.stdout)["packets"]
        decode = [binary, "decode", "-q", "--no-sandbox", "--threads", "1", *flags.split()]
        total = count([*decode, str(path)])
        if name == "start":
            counts[name] = total
            continue
        if flags not in starts:
            starts[flags] = count([*decode, str(folder / "tiny.pcap")])
        counts[name] = (total - starts[flags]) // packets[path]
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not installed: nothing is compared")
        return 0
    compiler = subprocess.check_output(["rustc", "--version"], text=True).split()[1]
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {"rustc": None, "counts": {}}
    with tempfile.TemporaryDirectory() as folder:
        counts = measure(program(), pathlib.Path(folder))
    grown = []
    for name, now in counts.items():
        before = known["counts"].get(name)
        change = f"{now / before - 1:+8.1%}" if before else "     new"
        print(f"{name:<14}{now:>10}{change}")
        if before and now > before * (1 + TOLERANCE):
            grown.append(name)
    if args.record:
        RECORD.write_text(json.dumps({"rustc": compiler, "counts": counts}, indent=2) + "\n")
        return 0
    if known["rustc"] != compiler:
        print(f"the record is of rustc {known['rustc']}, this is {compiler}: nothing is judged")
        return 0
    if grown:
        print(f"more than {TOLERANCE:.0%} more than the record: {', '.join(grown)}; make it cheaper, or record why with --record")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
