"""The measurements of compare.sh: whole processes, from start to end, run in turn; ratios are taken pair by pair."""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# Where cargo puts what it builds, CARGO_TARGET_DIR and its configuration obeyed.
RELEASE = pathlib.Path(subprocess.check_output([HERE.parent / "packaging/target-dir"], text=True).strip()) / "release"
PROGRAM = os.environ.get("DHCPTOOL") or str(RELEASE / "dhcptool")


def once(command):
    """Runs a shell command line; returns wall seconds, and the largest resident set of its processes in MB."""
    before = time.monotonic()
    child = subprocess.Popen(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        raise SystemExit(f"failed: {command}")
    return time.monotonic() - before, usage.ru_maxrss / 1024


def compare(runs, ours, *others):
    """Medians of both, and median, least and greatest of the ratios; of several others the one that takes longest counts."""
    pairs = []
    for turn in range(runs + 1):
        pair = once(ours), max((once(other) for other in others), default=(0, 0))
        if turn:
            pairs.append(pair)
    ratios = sorted(mine[0] / yours[0] for mine, yours in pairs) if others else []
    return (statistics.median(mine[0] for mine, _ in pairs), statistics.median(yours[0] for _, yours in pairs),
            max(mine[1] for mine, _ in pairs), ratios)


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def version(command):
    try:
        done = subprocess.run([command, "--version"], capture_output=True, text=True, errors="replace", check=False)
        return (done.stdout + done.stderr).splitlines()[0]
    except (OSError, IndexError):
        return f"{command}: not installed"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "dhcptool-bench"))
    args = parser.parse_args()
    folder = pathlib.Path(args.folder)
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}

    def capture(name, size, share, *more):
        path, facts = folder / f"{args.scale}-{name}", folder / f"{args.scale}-{name}.json"
        if not facts.exists():
            made = subprocess.run(["python3", HERE / "make_capture.py", path, "--bytes", str(int(size * args.scale)),
                                   "--dhcp", str(share), *more], stdout=subprocess.PIPE, check=True)
            facts.write_bytes(made.stdout)
        counts[str(path)] = json.loads(facts.read_text())
        return str(path)

    def cached(path):
        """Has the system read a file anew: pages that were written, or came back one by one, are slower for everybody."""
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while file.read(1 << 20):
                pass

    def compressed(path, tool, ending):
        if shutil.which(tool) and not os.path.exists(path + ending):
            subprocess.run(f"{tool} -1 -c '{path}' > '{path}{ending}'", shell=True, check=True)
        return path + ending

    mixed, blocks = capture("mixed.pcap", 1e9, 0.001), capture("mixed.pcapng", 1e9, 0.001)
    part = capture("part.pcap", 2e8, 0.001)
    pure, small = capture("dhcp.pcap", 5e8, 1), capture("small.pcap", 8e6, 1)
    six = capture("six.pcap", 1e8, 1, "--six")
    tiny = capture("tiny.pcap", 4000 / args.scale, 1)
    threads = os.cpu_count() or 1
    for path in counts:
        cached(path)

    print(f"machine: {cpu()}, {threads} processors, {platform.system()} {platform.release().split('-')[0]}; load {os.getloadavg()[0]:.1f}")
    for tool in (PROGRAM, "tcpdump", "tshark"):
        print(f"         {version(tool)}")
    print(f"         medians of {args.runs} runs in turn, page cache warm; x is our time over theirs, with the spread\n")

    for path in (mixed, blocks, pure, six):
        done = subprocess.run([PROGRAM, "decode", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              check=True)
        wanted = f"{counts[path]['packets']} packets read, {counts[path]['dhcp']} DHCP"
        if not done.stderr.startswith(wanted):
            raise SystemExit(f"{path}: {done.stderr.strip()!r} instead of {wanted!r}")
    print("         every count is that of the generator\n")
    # A process counts what its launcher held before it became that process.
    floor = once("exec true")[1]

    def row(title, ours, other=None, path=None, needs=None, second=None):
        if needs and not shutil.which(needs):
            return
        mine, yours, memory, ratios = compare(args.runs, ours, *filter(None, (other, second)))
        line = f"{title:<44}{mine:8.3f} s"
        if other:
            line += f"{yours:9.3f} s  x {statistics.median(ratios):6.3f} ({ratios[0]:.3f}-{ratios[-1]:.3f})"
        if path:
            line += f"  {counts[path]['packets'] / mine / 1e6:6.2f} M packets/s"
        below = "<" if memory < floor * 1.02 else " "
        print(f"{line} {below}{memory:4.0f} MB", flush=True)

    decode = f"exec {PROGRAM} decode -q"
    for name, path in (("pcap", mixed), ("pcapng", blocks)):
        row(f"scan 1 GB {name}, 1 thread : cat", f"{decode} --threads 1 {path}", f"exec cat {path}", path)
        row(f"scan 1 GB {name}, {threads} threads : cat", f"{decode} --threads {threads} {path}", f"exec cat {path}", path)
    row("scan 1 GB pcap, 1 thread : tcpdump", f"{decode} --threads 1 {mixed}",
        f"exec tcpdump -nr {mixed} 'udp port 67 or udp port 68'", mixed, "tcpdump")
    row("scan through a pipe : tcpdump", f"cat {mixed} | {PROGRAM} decode -q -",
        f"cat {mixed} | tcpdump -nr - 'udp port 67 or udp port 68'", mixed, "tcpdump")
    row("500 MB of DHCP to JSON, 1 thread", f"{decode} --json --threads 1 {pure}", path=pure)
    row(f"500 MB of DHCP to JSON, {threads} threads", f"{decode} --json --threads {threads} {pure}", path=pure)
    row("500 MB of DHCP to lines, 1 thread", f"{decode} --threads 1 {pure}", path=pure)
    row("500 MB of DHCP to CSV, 1 thread : to JSON", f"{decode} --format csv --threads 1 {pure}",
        f"{decode} --json --threads 1 {pure}", pure)
    row("JSON, 2 threads : 1 thread", f"{decode} --json --threads 2 {pure}", f"{decode} --json --threads 1 {pure}", pure)
    row("100 MB of DHCPv6 to JSON, 1 thread", f"{decode} --json --threads 1 {six}", path=six)
    row("100 MB of DHCPv6 to lines, 1 thread", f"{decode} --threads 1 {six}", path=six)
    # A pipe takes as long as its slower end at least: rendering, or moving so many bytes. What all have in common, starting a
    # pipe, is in all; a small file would measure nothing else.
    lines = f"{pure}.ndjson"
    with open(lines, "wb") as file:
        subprocess.run([PROGRAM, "decode", "-q", "--json", pure], stdout=file, check=True)
    cached(lines)
    for count in sorted({1, threads}):
        render = f"{PROGRAM} decode -q --json --threads {count} {pure}"
        row(f"500 MB to JSON | cat, {count} thread{'s' * (count > 1)} : the longer", f"{render} | cat", f"exec {render}", pure,
            second=f"cat {lines} | cat")
    os.remove(lines)
    for tool, ending, less in (("gzip", ".gz", "gzip -dc"), ("zstd", ".zst", "zstd -dc"), ("xz", ".xz", "xz -dc")):
        if shutil.which(tool):
            file = compressed(part, tool, ending)
            row(f"scan 200 MB in {ending} : {less}", f"{decode} {file}", f"exec {less} {file}", part)
    if shutil.which("zstd"):
        file = part + ".frames.zst"
        if not os.path.exists(file):
            subprocess.run(f"split -b 4M --filter='zstd -1 -c' '{part}' > '{file}'", shell=True, check=True)
        row("scan 200 MB in .zst, frames of 4 MB : zstd -dc", f"{decode} {file}", f"exec zstd -dc {file}", part)
    args.runs = min(args.runs, 3)
    row("8 MB of DHCP to JSON, 1 thread : tshark -T json", f"{decode} --json --threads 1 {small}",
        f"exec tshark -nr {small} -T json", small, "tshark")
    row("8 MB of DHCP in full, 1 thread : tcpdump -vvv", f"{decode} -v --threads 1 {small}", f"exec tcpdump -nvvvr {small}",
        small, "tcpdump")
    row("8 MB of DHCP with dumps, 1 thread", f"{decode} -vv --threads 1 {small}", path=small)
    args.runs = 15
    row("start: --version : true", f"exec {PROGRAM} --version", "exec true")
    row("start: ten packets to JSON : true", f"{decode} --json {tiny}", "exec true")


if __name__ == "__main__":
    main()
