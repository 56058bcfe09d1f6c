//! Layers depend one way only: `wire` ← `capture`, `net` ← `engine`, `analysis` ← `output` ← `cli`.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer with those it may use. A path such as `wire::frame` allows that module alone.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("wire", &[]),
    ("capture", &["time", "wire::frame"]),
    ("net", &["time", "wire"]),
    ("engine", &["time", "wire", "net::Transport", "net::Received"]),
    ("analysis", &["time", "wire"]),
    ("lab", &["time", "wire", "net"]),
    ("output", &["time", "wire", "engine", "analysis"]),
    ("cli", &["time", "wire", "capture", "net", "engine", "analysis", "lab", "output"]),
];

/// Outside crates that have one home.
const HOMES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("serde_json", &["output", "cli", "analysis"]),
    ("comfy_table", &["output/table.rs"]),
    ("owo_colors", &["output/styled.rs"]),
    ("pnet", &["net", "lab"]),
    ("pcap", &["capture/bpf.rs", "net"]),
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

/// Every `crate::…` path in `code`, groups of `use` spread out to their first level.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        paths.insert(std::mem::take(&mut name));
                    }
                    _ if depth == 0 && !c.is_whitespace() => name.push(c),
                    _ => {}
                }
            }
            paths.insert(name);
        } else {
            paths
                .insert(rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect());
        }
    }
    paths.remove("");
    paths
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
    let want = ["net::send", "output::", "time::Clock", "wire::"];
    assert_eq!(crate_paths(code).into_iter().collect::<Vec<_>>(), want);
}
