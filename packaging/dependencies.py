#!/usr/bin/env python3
"""What a built dhcptool contains besides its own code: `sbom` prints a CycloneDX list of it, `notices` the licence texts.

    packaging/dependencies.py sbom|notices [--target TRIPLE] [--libpcap VERSION] [--libpcap-licence FILE]

For the platform of this machine, or TRIPLE. Read from cargo's metadata and the sources that cargo has fetched; the network is not asked. --libpcap adds the C library
that a static program holds.
"""
import argparse
import collections
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# How projects call the files that have to come along.
LICENCE_FILES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def metadata(target):
    if not target:
        told = subprocess.check_output(["rustc", "-vV"], text=True)
        target = next(line.split()[1] for line in told.splitlines() if line.startswith("host: "))
    return json.loads(subprocess.check_output(
        ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", target,
         "--manifest-path", str(ROOT / "Cargo.toml")]))


def contained(meta):
    """The packages that end up in the program, by name: everything reached without test and build dependencies."""
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    root, found = meta["resolve"]["root"], set()
    waiting = [root]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        for dep in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dep["dep_kinds"]):
                waiting.append(dep["pkg"])
    packages = [package for package in meta["packages"] if package["id"] in found]
    own = next(package for package in packages if package["id"] == root)
    others = sorted((package for package in packages if package["id"] != root), key=lambda p: (p["name"], p["version"]))
    links = {node: sorted(dep["pkg"] for dep in nodes[node]["deps"] if dep["pkg"] in found) for node in found}
    return own, others, links


def checksums():
    """SHA-256 of each package's archive, as Cargo.lock has it."""
    found, name, version = {}, None, None
    for line in (ROOT / "Cargo.lock").read_text().splitlines():
        key, _, value = line.partition(" = ")
        value = value.strip('"')
        if key == "name":
            name = value
        elif key == "version":
            version = value
        elif key == "checksum":
            found[name, version] = value
    return found


def expression(licence):
    """SPDX as it is written today; old manifests separate alternatives by a slash."""
    return (licence or "NOASSERTION").replace("/", " OR ").replace("  ", " ")


def sbom(own, others, links, libpcap):
    sums = checksums()
    ref = {package["id"]: f"pkg:cargo/{package['name']}@{package['version']}" for package in [own, *others]}

    def component(package, kind):
        found = {"type": kind, "bom-ref": ref[package["id"]], "name": package["name"], "version": package["version"],
                 "purl": ref[package["id"]], "licenses": [{"expression": expression(package["license"])}]}
        if package.get("description"):
            found["description"] = " ".join(package["description"].split())
        if digest := sums.get((package["name"], package["version"])):
            found["hashes"] = [{"alg": "SHA-256", "content": digest}]
        return found

    components = [component(package, "library") for package in others]
    depends = [{"ref": ref[package["id"]], "dependsOn": [ref[other] for other in links[package["id"]]]}
               for package in [own, *others]]
    if libpcap:
        purl = f"pkg:generic/libpcap@{libpcap}"
        components.append({"type": "library", "bom-ref": purl, "name": "libpcap", "version": libpcap, "purl": purl,
                           "licenses": [{"expression": "BSD-3-Clause"}]})
        depends[0]["dependsOn"].append(purl)
    # The same input gives the same file.
    moment = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    digest = hashlib.sha256((ROOT / "Cargo.lock").read_bytes()).hexdigest()
    serial = f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{serial}", "version": 1,
            "metadata": {"timestamp": moment.isoformat().replace("+00:00", "Z"), "component": component(own, "application")},
            "components": components, "dependencies": depends}


def notices(others, libpcap, libpcap_licence):
    """Every licence text once, with the names of those it came with."""
    users, without = collections.OrderedDict(), []
    for package in others:
        folder = pathlib.Path(package["manifest_path"]).parent
        files = sorted(file for file in folder.iterdir()
                       if file.is_file() and file.name.upper().startswith(LICENCE_FILES) and not file.name.endswith(".rs"))
        if not files:
            without.append(package)
        for file in files:
            text = file.read_text(errors="replace").strip()
            users.setdefault(" ".join(text.split()), (text, []))[1].append(f"{package['name']} {package['version']}")
    lines = ["dhcptool contains the following software, each under its own licence.", ""]
    if libpcap:
        lines.append(f"libpcap {libpcap}: BSD-3-Clause")
    lines += [f"{package['name']} {package['version']}: {expression(package['license'])}" for package in others]
    if libpcap and libpcap_licence:
        lines += ["", "=" * 80, f"libpcap {libpcap}", "=" * 80, "", pathlib.Path(libpcap_licence).read_text().strip()]
    for text, names in users.values():
        lines += ["", "=" * 80, ", ".join(names), "=" * 80, "", text]
    for package in without:
        people = ", ".join(package["authors"]) or "its authors"
        lines += ["", "=" * 80, f"{package['name']} {package['version']}", "=" * 80, "",
                  f"Copyright {people}; {expression(package['license'])} (no text came with it)."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sbom", "notices"])
    parser.add_argument("--target")
    parser.add_argument("--libpcap", metavar="VERSION")
    parser.add_argument("--libpcap-licence", metavar="FILE")
    args = parser.parse_args()
    own, others, links = contained(metadata(args.target))
    if args.what == "sbom":
        json.dump(sbom(own, others, links, args.libpcap), sys.stdout, indent=1)
        print()
    else:
        sys.stdout.write(notices(others, args.libpcap, args.libpcap_licence))


if __name__ == "__main__":
    main()
