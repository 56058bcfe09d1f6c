"""Reads the flat rows of all test captures with DuckDB and pyarrow, runs the recipes of examples/README.md as they stand there, and
compares what they find with the rows."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import duckdb
import pyarrow
import pyarrow.csv
import pyarrow.json

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = sys.argv[1]
# What DuckDB says of the types that the table has.
SQL = {"BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "VARCHAR[]", "TIMESTAMP"}


def dhcptool(*args):
    return subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode()


# What the recipes call `duckdb`: the program's way of being called, of the library.
DUCKDB = """#!{python}
import sys, duckdb
words = sys.argv[1:]
queries = words[words.index("-c") + 1] if "-c" in words else sys.stdin.read()
base = duckdb.connect(words[0] if words and words[0] != "-c" else ":memory:")
for query in duckdb.extract_statements(queries):
    for row in base.execute(query).fetchall():
        print("\\t".join("" if value is None else str(value) for value in row))
"""


def recipes():
    """The blocks of the recipes, without their indentation, by the heading they stand under."""
    found, heading = {}, None
    for line in (ROOT / "examples/README.md").read_text().splitlines() + [""]:
        if line.startswith("## "):
            heading, block = line[3:], []
            found[heading] = []
        elif heading and line.startswith("    "):
            block.append(line[4:])
        elif heading and block:
            found[heading].append("\n".join(block))
            block = []
    return found


def is_same(want, got):
    """The value of a cell is that of the row: none of it guessed, rounded or read as something else."""
    if want is None:
        return got is None or (not isinstance(got, (list, str)) and not hasattr(got, "__len__") and got != got) or str(got) in ("<NA>", "NaT")
    if isinstance(want, list):
        return got is not None and not isinstance(got, str) and hasattr(got, "__len__") and list(got) == want
    if isinstance(want, str):
        # A moment may be read as one.
        return got == want or (hasattr(got, "isoformat") and want.startswith(got.isoformat()[:19]))
    return not isinstance(got, str) and type(got) is not float and got == want


def hold(name, want, rows):
    """Every cell is what it was."""
    count = 0
    for number, (row, found) in enumerate(zip(want, rows, strict=True)):
        for column, value in row.items():
            assert is_same(value, found[column]), f"{name}: row {number}, {column}: {value!r} became {found[column]!r}"
            count += 1
    assert count > 1000


def in_csv(value):
    """What stands of a value of JSON in CSV: lists are joined. Text with what is escaped there is not compared."""
    text = " ".join(value) if isinstance(value, list) else value
    if isinstance(text, str) and (not text.isascii() or not text.isprintable() or "\\" in text or text[:1] in ("=", "+", "-", "@")):
        return ...
    return text


def try_recipes(folder, want, captures, table):
    """Runs what examples/README.md prints, in a folder with `office.pcap`, `office.ndjson` and `captures`."""
    found = recipes()
    run, passed = pathlib.Path(folder, "run"), 0
    tools = run / "bin"
    tools.mkdir(parents=True)
    (tools / "dhcptool").symlink_to(pathlib.Path(PROGRAM).resolve())
    (tools / "duckdb").write_text(DUCKDB.replace("{python}", sys.executable))
    (tools / "duckdb").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"

    def shell(script):
        told = subprocess.run(["bash", "-c", script], cwd=run, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
        assert told.returncode == 0, f"{script}\n{told.stdout}{told.stderr}"
        return told.stdout

    shutil.copy(ROOT / "tests/data/captures/dhcp.pcap", run / "office.pcap")
    csv, clients = found["A table of clients with host names and addresses, as CSV"]
    shell(csv)
    assert len((run / "clients.csv").read_text().splitlines()) > 1
    # The address that was given last is the one that the client has.
    shell(clients)
    rows = [{"time_ns": at, "chaddr": "02:00:00:00:00:01", "message_type": "ack", "host_name": host, "yiaddr": address}
            for at, host, address in ((1, "old", "10.0.0.9"), (2, None, "10.0.0.10"), (3, None, "0.0.0.0"), (4, "new", None))]
    (run / "rows").write_text("".join(json.dumps(row) + "\n" for row in rows))
    query = clients[clients.index("duckdb"):]
    assert shell(f"cat rows | {query}") == "02:00:00:00:00:01\tnew\t10.0.0.10\n"
    passed += 2

    count, typed = found["DuckDB"]
    shell(count)
    shell(typed)
    passed += 2

    # The same rows as CSV, with the types of the table: nothing of digits that are text, and absent is not empty.
    _, write, read = found["pyarrow, pandas, polars"]
    shell(write)
    assert len((run / "office.csv").read_text().splitlines()) == 5
    shutil.copy(table, run / "office.csv")
    names, environment = {}, dict(os.environ)
    os.environ["PATH"] = path
    with contextlib.chdir(run):
        exec(read, names)  # pylint: disable=exec-used
    os.environ["PATH"] = environment["PATH"]
    rows = names["table"].to_pylist()
    hold("CSV", [{column: text for column, value in row.items() if (text := in_csv(value)) is not ...} for row in want], rows)
    hold("CSV in pandas", rows, names["frame"].to_dict("records"))
    passed += 2

    # All captures, with a row of more than a megabyte behind them: what a reader takes for one block.
    keys = list(want[0])
    large = {**dict.fromkeys(keys), "protocol": "dhcpv4", "message_type": "ack", "host_name": "h" * 1_100_000}
    # Digits that are text, numbers that may look like times, and one beyond what a float holds.
    tricky = {**dict.fromkeys(keys), "dhcp_client_identifier": "000400010203", "dhcp_lease_time": 4294967295,
              "time": "2023-11-14T22:13:20.000000Z", "time_ns": 1700000000123456789, "host_name": "2023-11-14"}
    want = [*want, large, tricky]
    (run / "office.ndjson").write_text("".join(json.dumps(row) + "\n" for row in want))
    names = {}
    with contextlib.chdir(run):
        for line in found["pyarrow, pandas, polars"][0].splitlines():
            exec(line, names)  # pylint: disable=exec-used
            name = line.split()[1].split(".")[0].rstrip(";")
            if name == "pyarrow":
                rows = names["table"].to_pylist()
            elif name == "pandas":
                rows = names["frame"].to_dict("records")
            else:
                rows = names["frame"].to_dicts()
            hold(name, want, rows)
            passed += 1

    # A second time over, nothing is taken for a capture that is none.
    (run / "captures").mkdir()
    for capture in captures[:3]:
        shutil.copy(capture, run / "captures")
    for each in found["Terabytes"][:2]:
        if "parallel" in each and not shutil.which("parallel"):
            assert os.environ.get("CI") != "true", "CI has GNU parallel"
            print("left out: GNU parallel is not installed")
            continue
        for _ in range(2):
            shell(f"{each} || true")
            assert len(list((run / "captures").iterdir())) == 6, list((run / "captures").iterdir())
        for rows in (run / "captures").glob("*.ndjson"):
            rows.unlink()
        passed += 1
    return passed


def main():
    captures = [str(path) for path in sorted((ROOT / "tests/data/captures").iterdir())
                if path.suffix not in (".txt", ".json")]
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        rows, table = pathlib.Path(folder, "rows.ndjson"), pathlib.Path(folder, "rows.csv")
        rows.write_text(dhcptool("decode", "-q", "--flat", *captures))
        table.write_text(dhcptool("decode", "-q", "--flat", "--format", "csv", *captures))
        want = [json.loads(line) for line in rows.read_text().splitlines()]
        assert len(want) > 100
        hosts = sorted({row["host_name"] for row in want if row["host_name"] is not None})
        routers = sum(len(row["routers"] or []) for row in want)
        leases = sum(row["dhcp_lease_time"] or 0 for row in want)

        # DuckDB guesses the types.
        base = duckdb.connect()
        ask = lambda query: base.execute(query).fetchall()
        query = f"FROM read_ndjson_auto('{rows}', maximum_object_size=1000000, sample_size=-1)"
        found = ask(f"SELECT * {query}")
        assert len(found) == len(want) and len(found[0]) == len(want[0])
        assert [row[0] for row in ask(f"SELECT DISTINCT host_name {query} WHERE host_name IS NOT NULL ORDER BY ALL")] == hosts
        assert ask(f"SELECT sum(len(routers)), sum(dhcp_lease_time) {query}") == [(routers, leases)]
        passed += 1

        # DuckDB is told them.
        create = dhcptool("schema", "--sql", "duckdb")
        assert {line.split('" ')[1].rstrip(",") for line in create.splitlines() if line.startswith('  "')} <= SQL
        base.execute(create)
        base.execute(f"COPY dhcp_packets FROM '{rows}' (FORMAT json)")
        assert ask("SELECT count(*), sum(len(routers)), sum(dhcp_lease_time) FROM dhcp_packets") == [(len(want), routers, leases)]
        assert ask("SELECT count(*) FROM dhcp_packets WHERE epoch_us(time) = time_ns // 1000")[0][0] == sum(row["time"] is not None for row in want)
        passed += 1

        # CSV, as a spreadsheet would.
        csv = f"FROM read_csv('{table}', header=true, all_varchar=true)"
        assert ask(f"SELECT count(*) {csv}") == [(len(want),)]
        passed += 1

        # pyarrow wants every column to have one type; in one block, so that none is guessed from its first part.
        block = pyarrow.json.ReadOptions(block_size=1 << 28)
        arrow = pyarrow.json.read_json(rows, read_options=block)
        assert arrow.num_rows == len(want) and arrow.column("dhcp_lease_time").type == pyarrow.int64()
        assert arrow.column("routers").type == pyarrow.list_(pyarrow.string())
        assert sorted(set(arrow.column("host_name").drop_null().to_pylist())) == hosts
        passed += 1
        arrow = pyarrow.csv.read_csv(table, read_options=pyarrow.csv.ReadOptions(block_size=1 << 28))
        assert arrow.num_rows == len(want)
        passed += 1

        passed += try_recipes(folder, want, [path for path in captures if path.endswith(".pcap")], table)
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main()
