#!/usr/bin/env python3
"""How many instructions a packet takes, counted by callgrind: the same for every run, however busy the machine is.

    benches/instructions.py            compares with the record in instructions.json; 1 when anything grew by more than 5 %
    benches/instructions.py --record   writes the record anew

Builds and measures the profile `counted`, which is like `release` and takes a third of its time to compile. Counts what the program
does and what it has libc do, not what loads it and its other libraries. What starting takes is measured apart and taken off. Another
compiler gives other counts: a record of one says nothing of another. Needs valgrind. Where nothing can be compared that is said, and
is a failure in CI (CI=true), which has to be able to.
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

# Memory is copied alike on every processor.
ALIKE = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-AVX2,-AVX512F,-AVX512VL"}

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
    ("lint", ("dhcp", 3_000_000, 1), "--lint"),
    ("dhcpv6 lint", ("six", 2_000_000, 1, "--six"), "--lint"),
    ("scan", ("mixed", 20_000_000, 0.001), "--json"),
]


def program():
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--profile", "counted", "--bin", "dhcptool"], cwd=HERE.parent,
                   check=True)
    folder = subprocess.check_output([HERE.parent / "packaging/target-dir"], text=True).strip()
    return str(pathlib.Path(folder) / "counted/dhcptool")


def count(command, out):
    """Instructions of a whole process, in the program and in libc."""
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True, env={**os.environ, **ALIKE})
    total, names, own, called = 0, {}, False, False
    for line in out.read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key in ("ob", "cob"):
            # A name stands behind its number once, wherever that is; `cob` is whose function is called.
            number, _, name = value.partition(" ")
            is_own = names.setdefault(number, os.path.realpath(name) == os.path.realpath(command[0]) or "/libc.so" in name)
            own = is_own if key == "ob" else own
        elif key == "calls":
            # The line behind it has what was called, which is counted where it stands.
            called = True
        elif line[:1] in "0123456789+-*" and line:
            total += int(line.split()[1]) if own and not called else 0
            called = False
    return total


def number_of(compiler):
    """1.95 for 1.95.1: what is mended behind that changes no code."""
    return ".".join((compiler or "").split(".")[:2])


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
        total = count([*decode, str(path)], folder / "out")
        if name == "start":
            counts[name] = total
            continue
        if flags not in starts:
            starts[flags] = count([*decode, str(folder / "tiny.pcap")], folder / "out")
        counts[name] = (total - starts[flags]) // packets[path]
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    # What cannot be compared is a failure where it has to be.
    nothing = 1 if os.environ.get("CI") == "true" else 0
    if not shutil.which("valgrind"):
        print("valgrind is not installed: nothing is compared")
        return nothing
    compiler = subprocess.check_output(["rustc", "--version"], text=True).split()[1]
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {"rustc": None, "counts": {}}
    with tempfile.TemporaryDirectory() as folder:
        counts = measure(program(), pathlib.Path(folder))
    grown = []
    # What was not counted, or hardly, is no gain.
    lost = sorted(set(known["counts"]) - set(counts)) + [name for name, now in counts.items() if now * 4 < known["counts"].get(name, 0)]
    for name, now in counts.items():
        before = known["counts"].get(name)
        change = f"{now / before - 1:+8.1%}" if before else "     new"
        print(f"{name:<14}{now:>10}{change}")
        if before and now > before * (1 + TOLERANCE):
            grown.append(name)
    if args.record:
        RECORD.write_text(json.dumps({"rustc": compiler, "counts": counts}, indent=2) + "\n")
        return 0
    if number_of(known["rustc"]) != number_of(compiler):
        print(f"the record is of rustc {known['rustc']}, this is {compiler}: nothing is judged; --record makes one of this")
        return nothing
    if grown:
        print(f"more than {TOLERANCE:.0%} more than the record: {', '.join(grown)}; make it cheaper, or record why with --record")
    if lost:
        print(f"not counted as the record was: {', '.join(lost)}")
    return 1 if grown or lost else 0


if __name__ == "__main__":
    sys.exit(main())
