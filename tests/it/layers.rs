//! Layers depend one way only: `wire` ← `capture`, `net` ← `engine`, `analysis` ← `output` ← `cli`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer with those it may use. A path such as `wire::frame` allows that module alone.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("interrupt", &[]),
    ("wire", &[]),
    ("capture", &["time", "interrupt", "wire::frame"]),
    ("net", &["time", "interrupt", "wire"]),
    // The trait and what it speaks of, never a real socket.
    (
        "engine",
        &[
            "time",
            "wire",
            "stats",
            "net::Transport",
            "net::TransportEvent",
            "net::Received",
            "net::NetError",
            "net::TransportStats",
            "net::remaining",
        ],
    ),
    ("stats", &["time"]),
    ("analysis", &["time", "wire", "stats"]),
    ("lab", &["time", "wire", "net"]),
    ("output", &["time", "wire", "engine", "analysis", "stats"]),
    ("run", &["time", "wire", "capture", "net", "engine", "analysis", "stats", "lab", "output"]),
    (
        "cli",
        &[
            "time",
            "interrupt",
            "wire",
            "capture",
            "net",
            "engine",
            "analysis",
            "stats",
            "lab",
            "output",
            "run",
        ],
    ),
];

/// Outside crates that have one home.
const HOMES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("serde_json", &["output", "cli", "analysis"]),
    ("comfy_table", &["output/table.rs"]),
    ("askama", &["output/report"]),
    ("sha2", &["cli/commands/report.rs"]),
    ("unicode_width", &["output/width.rs"]),
    ("owo_colors", &["output/styled.rs"]),
    ("pnet", &["net", "lab"]),
    ("caps", &["net/privilege.rs"]),
    ("landlock", &["net/sandbox.rs"]),
    ("seccompiler", &["net/sandbox.rs"]),
    ("httparse", &["net/scrape.rs"]),
    ("prometheus_client", &["output/rogue/metrics.rs"]),
    ("pcap", &["capture/bpf.rs", "capture/decoder.rs", "net"]),
    ("nix", &["net", "lab", "capture/pipe.rs", "capture/source.rs", "cli/context.rs"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The part of a source file that is shipped, comments left out.
fn shipped(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Every `crate::…` path in `code`, groups of `use` spread out.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
            spread("", &code[at + "crate::".len()..], &mut paths);
        }
    }
    paths
}

/// Reads one tree of a `use` declaration behind `prefix`; gives back what follows it.
fn spread<'a>(prefix: &str, text: &'a str, paths: &mut BTreeSet<String>) -> &'a str {
    let end =
        text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':' | '*')).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..end]);
    let Some(mut rest) = text[end..].strip_prefix('{') else {
        paths.insert(path.trim_end_matches("::self").to_owned());
        return &text[end..];
    };
    loop {
        rest = rest.trim_start().trim_start_matches(',').trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return after;
        }
        let before = rest.len();
        rest = spread(&path, rest, paths);
        if let Some(renamed) = rest.trim_start().strip_prefix("as ") {
            rest = renamed.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        }
        assert!(rest.len() < before, "cannot read: {rest:.60}");
    }
}

#[test]
fn every_layer_uses_only_what_it_may() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 30, "the walk found {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        let layer = inside.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(layer.as_str(), "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == layer) else {
            wrong.push(format!("{inside}: {layer} is no layer"));
            continue;
        };
        let code = shipped(&fs::read_to_string(&file).unwrap());
        for path in crate_paths(&code) {
            let own = path == layer || path.starts_with(&format!("{layer}::"));
            let may = |allowed: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
            if !own && !allowed.iter().any(|allowed| may(allowed)) {
                wrong.push(format!("{inside}: {layer} may not use crate::{path}"));
            }
        }
        for (krate, homes) in HOMES {
            let uses = code.match_indices(&format!("{krate}::")).any(|(at, _)| {
                !code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
            });
            let home = homes.iter().any(|home| inside == *home || inside.starts_with(&format!("{home}/")));
            let own_module = layer == "capture" && *krate == "pcap" && inside == "capture/mod.rs";
            if uses && !home && !own_module {
                wrong.push(format!("{inside}: {krate} has its home in {homes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_are_found_in_every_form() {
    let code = "use crate::wire::{Mac, v4::Packet};\nuse crate::{time::Clock, output::{self, x}};\ncrate::net::send()";
    let want = ["net::send", "output", "output::x", "time::Clock", "wire::Mac", "wire::v4::Packet"];
    assert_eq!(crate_paths(code).into_iter().collect::<Vec<_>>(), want);
}

/// The first sentence of what a module says of itself.
fn first_sentence(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let said = text.lines().map_while(|line| line.strip_prefix("//!")).take_while(|line| !line.is_empty());
    let said = said.collect::<String>();
    let said = said.trim();
    let first = said.split_once(". ").map_or(said, |(first, _)| first).trim_end_matches('.');
    first.replace("[`", "`").replace("`]", "`")
}

/// A row for every folder below `folder` that holds more than tests.
fn folder_rows(src: &Path, folder: &Path, rows: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let is_test = |path: &PathBuf| name(path).starts_with("tests") || name(path).ends_with("_tests");
    let (folders, files): (Vec<_>, Vec<_>) =
        entries.into_iter().filter(|path| !is_test(path)).partition(|path| path.is_dir());
    let files: Vec<String> = files.iter().map(|file| name(file)).filter(|name| name != "mod").collect();
    if folder != src && !files.is_empty() {
        let inside = folder.strip_prefix(src).unwrap().to_str().unwrap();
        let module = Some(folder.join("mod.rs")).filter(|file| file.exists());
        let said = first_sentence(&module.unwrap_or_else(|| folder.with_extension("rs")));
        assert!(!said.is_empty(), "{inside} does not say what it is");
        rows.push(format!("| `{inside}` | {said} | {} |\n", files.join(", ")));
    }
    for folder in folders {
        folder_rows(src, &folder, rows);
    }
}

#[test]
fn every_folder_and_file_stands_in_architecture_md() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (path, mut rows) = (root.join("ARCHITECTURE.md"), Vec::new());
    folder_rows(&root.join("src"), &root.join("src"), &mut rows);
    let text = fs::read_to_string(&path).unwrap();
    let head = "| folder | what it is | files |\n| --- | --- | --- |\n";
    let (before, found) = text.split_once(head).unwrap();
    let wanted = rows.concat();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{before}{head}{wanted}")).unwrap();
    } else {
        assert_eq!(found, wanted, "run BLESS=1 cargo test --test it layers");
    }
}
