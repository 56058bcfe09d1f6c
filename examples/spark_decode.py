#!/usr/bin/env python3
"""Decodes a folder of captures on Spark, to Parquet.

    spark-submit examples/spark_decode.py FOLDER OUTPUT [--fields LIST] [--dhcptool PATH]

Every capture is decoded whole by one task (`rdd.pipe`), so the folder and dhcptool have to be at the same places on every worker as
here. Compressed captures are read as they are. A damaged capture does not end the job: what could be decoded of it is kept,
and the captures that were damaged or could not be read are listed at the end. Where dhcptool itself could not be run for one, nothing
is written, and the job fails.
"""
import argparse
import pathlib
import shlex
import shutil
import subprocess
import sys

from pyspark.sql import SparkSession

FIELDS = ("capture,number,time,chaddr,message_type,xid,ciaddr,yiaddr,giaddr,host_name,dhcp_server_identifier,"
          "dhcp_lease_time,vendor_class_identifier,relay_agent_information_circuit_id,problems")
ENDINGS = (".pcap", ".pcapng", ".cap")
# Its output: rows, and a line that begins so for each capture that did not end well.
FAILED = "failed\t"
# A shell's exit codes where a program cannot be started, or is not there: that says nothing of a capture.
NOT_RUN = "not run\t"


def schema(program, fields):
    """The columns with their types, as Spark reads them."""
    told = subprocess.check_output([program, "schema", "--sql", "spark", "--fields", fields], text=True)
    return told[told.index("(") + 1:told.rindex(")")]


def captures(folder):
    """Captures by their names, compressed ones included."""
    for path in sorted(pathlib.Path(folder).rglob("*")):
        name = path.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".xz")
        if path.is_file() and name.endswith(ENDINGS):
            yield str(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("output")
    parser.add_argument("--fields", default=FIELDS)
    parser.add_argument("--dhcptool", default="dhcptool")
    args = parser.parse_args()
    # Workers have a PATH of their own, so they are told where it is.
    found = shutil.which(args.dhcptool)
    if not found:
        sys.exit(f"{args.dhcptool} is not installed here: name it with --dhcptool PATH; it has to be at the same place on every worker")
    program = str(pathlib.Path(found).absolute())
    files = list(captures(args.folder))
    if not files:
        sys.exit(f"{args.folder} holds no capture ({', '.join(ENDINGS)})")

    spark = SparkSession.builder.appName("dhcptool decode").getOrCreate()
    decode = (f"{shlex.quote(program)} decode -q --threads 1 --fields {shlex.quote(args.fields)} --format ndjson")
    # Names come line by line; none of what a capture does may end the task. 1 is a capture without DHCP.
    script = (f'while IFS= read -r file; do {decode} "$file" </dev/null; code=$?; case $code in 0 | 1) ;; '
              f'126 | 127) printf "{NOT_RUN}%s\\n" "$(hostname)" ;; *) printf "{FAILED}%s\\n" "$file" ;; esac; done')
    lines = spark.sparkContext.parallelize(files, len(files)).pipe(f"sh -c {shlex.quote(script)}").cache()
    without = sorted(set(lines.filter(lambda line: line.startswith(NOT_RUN)).map(lambda line: line[len(NOT_RUN):]).collect()))
    if without:
        spark.stop()
        sys.exit(f"nothing is written: {program} cannot be run on {', '.join(without)}")
    rows = spark.read.json(lines.filter(lambda line: not line.startswith(FAILED)), schema=schema(program, args.fields))
    rows.write.mode("overwrite").parquet(args.output)
    failed = lines.filter(lambda line: line.startswith(FAILED)).map(lambda line: line[len(FAILED):]).collect()
    for file in failed:
        print(f"damaged or unreadable: {file}", file=sys.stderr)
    written = spark.read.parquet(args.output).count()
    print(f"{len(files)} captures, {len(failed)} of them damaged, {written} rows")
    spark.stop()


if __name__ == "__main__":
    main()
