"""The measurements of sniff.sh. Each run is one `flood` with a private network of its own, and one program that listens there."""
import argparse
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from compare import PROGRAM, RELEASE, cpu, version

FLOOD = str(RELEASE / "examples/flood")
FILTER = "udp port 67 or udp port 68"
# A pcap file's head, and the head of a packet in it before the 342 bytes of each frame.
HEAD, RECORD = 24, 16 + 342
# Flood says that it is over one second after the last frame. Who is then still busy for so many seconds is behind: what it
# would show later is not live any more, and counts as lost.
BUSY = 0.1


def tools(kept):
    """Name: what must be installed, what counts the frames in its output (None: it writes `kept`), the command."""
    lines, nothing = ["wc", "-l"], []
    each = ["grep", "-ca"]
    return {
        "tcpdump -w": ("tcpdump", None, ["tcpdump", "-Z", "root", "-ni", "eth0", "-w", kept, FILTER]),
        "dhcptool --write-only": (PROGRAM, None, [PROGRAM, "sniff", "eth0", "--write", kept, "--write-only"]),
        "dhcptool --json": (PROGRAM, lines, [PROGRAM, "sniff", "eth0", "--json"]),
        "dhcptool --json >/dev/null": (PROGRAM, nothing, [PROGRAM, "sniff", "eth0", "--json"]),
        "dhcptool -v": (PROGRAM, [*each, "^#"], [PROGRAM, "sniff", "eth0", "-v"]),
        "tcpdump -n -vvv": ("tcpdump", [*each, " IP (tos "],
                            ["tcpdump", "-Z", "root", "-n", "-vvv", "-i", "eth0", FILTER]),
        "dhcpdump": ("dhcpdump", [*each, "  TIME: "], ["dhcpdump", "-i", "eth0"]),
        "tshark -V": ("tshark", [*each, " bytes on wire"], ["tshark", "-n", "-V", "-i", "eth0", "-f", FILTER]),
    }


def used(pid):
    """Processor time that a process has had, in ticks."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def watched(report, counter, command):
    """Stands between flood and the program: counts what it shows, ends it when flood says so, reports what it took."""
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    with tempfile.TemporaryFile() as words:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if counter else subprocess.DEVNULL,
                                 stderr=words, start_new_session=True)
        lines = None
        if counter:
            fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, 1 << 20)
            lines = subprocess.Popen(counter, stdin=child.stdout, stdout=subprocess.PIPE)
            child.stdout.close()
        while not ending and child.poll() is None:
            time.sleep(0.02)
        before = used(child.pid)
        time.sleep(BUSY)
        behind = used(child.pid) - before > BUSY * os.sysconf("SC_CLK_TCK") / 2
        if behind:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.send_signal(signal.SIGINT)
        _, _, usage = os.wait4(child.pid, 0)
        shown = int(lines.communicate()[0]) if lines else None
        words.seek(0)
        said = words.read().decode(errors="replace")
    facts = {"shown": shown, "cpu": usage.ru_utime + usage.ru_stime, "said": said}
    pathlib.Path(report).write_text(json.dumps(facts))


def step(name, rate, seconds, folder, senders=1):
    """One run of one program: sent, rate, what it kept or showed, what it says it lost, microseconds of CPU a frame."""
    kept = os.path.join(folder, "kept.pcap")
    report = os.path.join(folder, "report.json")
    _, counter, command = tools(kept)[name]
    watcher = [sys.executable, __file__, "--watch", report, json.dumps(counter or []), *command]
    # tshark's frames wait in a file.
    spool = os.path.join(folder, "spool")
    os.makedirs(spool)
    load = [FLOOD, "--rate", str(rate), "--seconds", str(seconds), "--threads", str(senders), "--", *watcher]
    flood = subprocess.Popen(load, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                             env=dict(os.environ, TMPDIR=spool))
    try:
        out, err = flood.communicate()
    except BaseException:
        # The watcher takes the program with it, and with the last process goes the network.
        os.killpg(flood.pid, signal.SIGTERM)
        flood.communicate()
        raise
    shutil.rmtree(spool)
    found = re.search(r"sent (\d+) in .*? = (\d+)/s", out)
    if not found or not os.path.exists(report):
        raise SystemExit(f"{name} did not run: {out}{err}")
    facts = json.loads(pathlib.Path(report).read_text())
    os.remove(report)
    sent, real = int(found[1]), int(found[2])
    shown = facts["shown"]
    if counter is None:
        shown, rest = divmod(os.path.getsize(kept) - HEAD, RECORD)
        assert rest == 0, f"{name}: the file ends in the middle of a packet"
        os.remove(kept)
    # What it says itself; several say nothing.
    said = re.search(r"(\d+) (?:packets? )?dropped by (?:the )?kernel", facts["said"])
    if shown is None:
        shown = int(re.search(r"(\d+) shown", facts["said"])[1])
    return {"sent": sent, "rate": real, "shown": shown, "told": int(said[1]) if said else None,
            "cost": facts["cpu"] * 1e6 / max(shown, 1)}


def row(name, result):
    lost = result["sent"] - result["shown"]
    told = "says nothing" if result["told"] is None else f"{result['told']}"
    print(f"{name:27} {result['rate']:>8} {result['sent']:>9} {result['shown']:>9} {lost:>8}  {told:>12} "
          f"{result['cost']:>9.2f}", flush=True)


def knee(name, known, seconds, folder):
    """The highest rate, to a twelfth, of which nothing is lost."""
    low, high, rate = 0, None, known
    while high is None or high - low > max(low / 12, 500):
        result = step(name, rate, seconds, folder)
        if result["shown"] == result["sent"]:
            low = max(low, result["rate"])
            if high is None and result["rate"] < rate * 0.97:
                break
        else:
            high = rate
        rate = (low + high) // 2 if high and low else rate // 2 if high else rate * 2
        if rate < 1000:
            break
    return low


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="dhcptool-sniff-", dir="/dev/shm") as folder:
        here = [(name, tool[0]) for name, tool in tools("").items() if args.only in name]
        for missing in sorted({needed for _, needed in here if not shutil.which(needed)}):
            print(f"not installed, left out: {missing}")
        here = [name for name, needed in here if shutil.which(needed)]
        release = os.uname().release.split("-")[0]
        print(f"machine: {cpu()}, {os.cpu_count()} processors, Linux {release}; load {os.getloadavg()[0]:.1f}")
        for command in [PROGRAM, "tcpdump", "tshark"]:
            print(f"         {version(command)}")
        packaged = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", "dhcpdump"], capture_output=True,
                                  text=True, check=False) if shutil.which("dpkg-query") else None
        if packaged and packaged.stdout:
            print(f"         {packaged.stdout}")
        print(f"         frames of 342 bytes, {args.seconds:g} s each, medians of {args.runs} runs by lost frames\n")
        print(f"{'':27} {'sent/s':>8} {'sent':>9} {'kept':>9} {'lost':>8}  {'lost, it says':>12} {'us/frame':>8}", flush=True)
        results = {}
        # The writers get what one sender can, the others 400,000 a second; then what three senders can.
        plan = [(name, 0 if tools("")[name][1] is None else 400_000, 1) for name in here]
        plan += [(name, 0, 3) for name in here if name in ("tcpdump -w", "dhcptool --write-only", "dhcptool --json")]
        for _ in range(args.runs):
            for index, (name, rate, senders) in enumerate(plan):
                results.setdefault(index, []).append(step(name, rate, args.seconds, folder, senders))
        for index, (name, _, _) in enumerate(plan):
            ordered = sorted(results[index], key=lambda result: result["sent"] - result["shown"])
            result = dict(ordered[len(ordered) // 2], cost=statistics.median(one["cost"] for one in ordered))
            row(name, result)
        wrong = [(name, result) for index, (name, _, _) in enumerate(plan) for result in results[index]
                 if name.startswith("dhcptool") and result["shown"] + (result["told"] or 0) != result["sent"]]
        print("\ndhcptool: what it kept and what it says it lost are together what was sent, in every run" if not wrong
              else f"\ndhcptool: the counts do not add up: {wrong}")
        for name, known in [("tcpdump -n -vvv", 135_000), ("dhcpdump", 100_000), ("tshark -V", 28_000)]:
            if name in here:
                print(f"{name} loses nothing up to about {knee(name, known, args.seconds, folder) // 1000},000/s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        watched(sys.argv[2], json.loads(sys.argv[3]), sys.argv[4:])
    else:
        main()
