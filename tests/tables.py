"""Reads the flat rows of all test captures with DuckDB and pyarrow, and compares what they find with the rows."""
import json
import pathlib
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
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main()
