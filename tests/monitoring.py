"""`board FILE`: Grafana's library reads the dashboard and writes the same. `watch PROGRAM`, in the private network of `dhcptool lab`: Prometheus
scrapes a watch and a node exporter beside it, alerts, and has what the dashboard asks for. Called by tests/monitoring."""
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

PACKAGING = pathlib.Path(__file__).resolve().parent.parent / "packaging"
BOARD = json.loads((PACKAGING / "grafana/dhcptool.json").read_text())
# As hostile as Linux lets it be.
INTERFACE = 'e"t\\h&=0'
SERVED, NODE, PROMETHEUS = "127.0.0.1:9167", "127.0.0.1:9100", "127.0.0.1:9090"


def lost(written, read, path=""):
    """What of `written` is not in `read`; a library adds what is meant by default."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [one for key, value in written.items()
                for one in (lost(value, read[key], f"{path}/{key}") if key in read else [f"{path}/{key}"])]
    if isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        return [one for at, (a, b) in enumerate(zip(written, read)) for one in lost(a, b, f"{path}/{at}")]
    return [] if written == read else [f"{path}: {written} became {read}"]


def board():
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()

    def reread(source):
        return json.loads(JSONEncoder().encode(Dashboard.from_json(source)))

    assert not lost(BOARD, reread(BOARD)), lost(BOARD, reread(BOARD))
    # It would have told.
    wrong = json.loads(json.dumps(BOARD))
    wrong["panels"][0]["targets"][0]["exprr"] = wrong["panels"][0]["targets"][0].pop("expr")
    wrong["panels"][6]["options"]["mergeValue"] = True
    assert len(lost(wrong, reread(wrong))) == 2, lost(wrong, reread(wrong))


def get(where, path, accept="*/*", **query):
    address = f"http://{where}{path}?{urllib.parse.urlencode(query, doseq=True)}"
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept": accept}), timeout=5) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def asked(path, **query):
    """What Prometheus' API says."""
    return json.loads(get(PROMETHEUS, f"/api/v1/{path}", **query)[1])["data"]


def until(what, found):
    """Waits until `found` gives something, and gives it."""
    last = time.monotonic() + 60
    while time.monotonic() < last:
        try:
            if result := found():
                return result
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"monitoring: within a minute there was no {what}")


def types(text):
    return dict(re.findall(r"^# TYPE (dhcptool\S+) (\w+)$", text, re.M))


def formats():
    """Both formats, before those who define them."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
    from prometheus_client.parser import text_string_to_metric_families as plain

    kind, text = get(SERVED, "/metrics")
    assert kind == "text/plain; version=0.0.4; charset=utf-8", kind
    told = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert told.returncode == 0 and not (told.stdout + told.stderr).strip(), told
    kind, other = get(SERVED, "/probe", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", target=INTERFACE)
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", kind

    def rows(families):
        # The bound of a bucket is 1 in one of them and 1.0 in the other.
        return {(row.name, tuple(sorted((name, float(value) if name == "le" else value) for name, value in row.labels.items())))
                for family in families for row in family.samples}

    assert rows(plain(text)) == rows(open_metrics(other)), rows(plain(text)) ^ rows(open_metrics(other))
    return types(text)


def panels():
    """Every panel asks for something that is there, and looks as it expects."""
    variable = next(one for one in BOARD["templating"]["list"] if one["name"] == "instance")
    label, = re.findall(r"^label_values\((\w+), instance\)$", variable["query"])
    instances = asked("label/instance/values", **{"match[]": label})
    assert sorted(instances) == sorted([SERVED, NODE, INTERFACE]), instances
    # As Grafana fills in several chosen values.
    chosen = "(" + "|".join(re.escape(one).replace("\\", "\\\\").replace('"', '\\"') for one in instances) + ")"
    now = time.time()
    for panel in BOARD["panels"]:
        kind = panel["type"]
        for target in panel["targets"]:
            query = target["expr"].replace("$instance", chosen)
            assert "$" not in query, query
            if target.get("instant"):
                rows = asked("query", query=query, time=now)["result"]
            else:
                rows = asked("query_range", query=query, start=now - 30, end=now, step=1)["result"]
            values = [float(value) for row in rows for _, value in ([row["value"]] if "value" in row else row["values"])]
            what = f"{panel['title']}: {query}: {rows}"
            assert values and any(map(math.isfinite, values)), what
            if kind == "stat":
                assert len(rows) == 1, what
            elif kind == "timeseries":
                names = re.findall(r"{{(\w+)}}", target["legendFormat"])
                assert len({tuple(row["metric"][name] for name in names) for row in rows}) == len(rows), what
                known = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
                assert known <= {row["metric"].get(name) for row in rows for name in names}, what
            elif kind == "state-timeline":
                mapped = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
                assert {str(int(value)) for value in values} == set(mapped), what
            elif kind == "table":
                arranged, = (one["options"] for one in panel["transformations"] if one["id"] == "organize")
                columns = {"Time", "Value"}.union(*(row["metric"] for row in rows))
                # Prometheus knows no label that is empty.
                assert columns ^ {*arranged["excludeByName"], *arranged["indexByName"]} <= {"relay", "vlan"}, what
                assert {row["metric"]["status"] for row in rows} == {"allowed", "rogue"}, what
            else:
                raise SystemExit(f"monitoring: nobody looks at a {kind}")
        print(f"{kind:15} {panel['title']:30} {len(rows)} series")


def watch(program):
    for words in ["set eth0 down", f"set eth0 name {INTERFACE}", f"set {INTERFACE} up"]:
        subprocess.run(["ip", "link", *words.split()], check=True)
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        (at / "textfile").mkdir()
        (at / "policy.toml").write_text('[[server]]\naddress = "10.0.0.1"\n[[server]]\naddress = "10.0.0.9"\n')
        here = "static_configs: [{targets: ['%s']}]"
        (at / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{PACKAGING / "prometheus/dhcptool.rules.yml"}]
scrape_configs:
  - {{job_name: served, {here % SERVED}}}
  - {{job_name: node, {here % NODE}}}
  - job_name: probe
    metrics_path: /probe
    static_configs: [{{targets: [{json.dumps(INTERFACE)}]}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: '{SERVED}'}}
""")
        commands = [
            [program, "rogue", INTERFACE, "-4", "--watch", "--policy", at / "policy.toml", "--interval", "1s", "--listen", "9167",
             "--prometheus", at / "textfile/dhcptool.prom"],
            ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
             f"--collector.textfile.directory={at / 'textfile'}", f"--web.listen-address={NODE}"],
            ["prometheus", f"--config.file={at / 'prometheus.yml'}", f"--storage.tsdb.path={at / 'data'}", f"--web.listen-address={PROMETHEUS}"],
        ]
        started = []
        try:
            for name, command in zip(["dhcptool", "node", "prometheus"], commands):
                log = open(at / name, "w")
                started.append(subprocess.Popen(command, stdout=log, stderr=log))
            until("scrape of all three", lambda: len(asked("query", query="up == 1")["result"]) == 3)
            firing = until("alert of all three", lambda: (lambda rows: len(rows) == 3 and rows)(
                [one for one in asked("alerts")["alerts"] if one["labels"]["alertname"] == "RogueDhcpServer" and one["state"] == "firing"]))
            print("firing:", *sorted(one["annotations"]["summary"] for one in firing), sep="\n    ")
            heard = asked("query", query='dhcptool_rogue_server_info{status="rogue"}')["result"]
            assert {row["metric"]["interface"] for row in heard} == {INTERFACE}, heard
            up = {row["metric"]["server"]: row["value"][1] for row in asked("query", query=f'dhcptool_rogue_server_up{{instance="{SERVED}"}}')["result"]}
            assert sorted(up.values()) == ["0", "1"], up
            served = formats()
            exported = get(NODE, "/metrics")[1]
            assert "\nnode_textfile_scrape_error 0\n" in exported, exported
            # Families without a row are not exported.
            assert types(exported) == served, (types(exported), served)
            until("growing count of answers in all three", lambda: len(
                asked("query", query="increase(dhcptool_rogue_answer_seconds_count[1m]) > 1")["result"]) == 3)
            panels()
            started[0].terminate()
            assert started[0].wait(20) == 0, (at / "dhcptool").read_text()
        except BaseException:
            for name in ["dhcptool", "node", "prometheus"]:
                print(f"{name}:", (at / name).read_text()[-2000:], file=sys.stderr)
            raise
        finally:
            for process in started:
                process.terminate()
                process.wait()


{"board": lambda _: board(), "watch": watch}[sys.argv[1]](sys.argv[2])
