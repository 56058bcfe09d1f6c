//! Man pages and completions in the repository are those the command line's definition makes.
//! `BLESS=1 cargo test --test it generated` writes them anew.

use std::fs;
use std::path::Path;

use dhcptool::cli::generate;

fn check(folder: &str, files: &[(String, Vec<u8>)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut there: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    let mut wanted: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    wanted.sort();
    assert_eq!(there, wanted, "files in {}; run BLESS=1 cargo test --test it generated", folder.display());
    for (name, text) in files {
        let found = fs::read(folder.join(name)).unwrap();
        assert!(&found == text, "{name} is out of date; run BLESS=1 cargo test --test it generated");
    }
}

#[test]
fn man_pages_are_current() {
    check("man", &generate::man_pages().unwrap());
}

#[test]
fn completions_are_current() {
    let files =
        generate::SHELLS.iter().map(|(shell, name)| ((*name).to_owned(), generate::completion(*shell)));
    check("completions", &files.collect::<Vec<_>>());
}

#[test]
fn the_recipes_of_the_readme_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("<!-- recipes").unwrap();
    let (line, rest) = rest.split_once('\n').unwrap();
    let (_, after) = rest.split_once("<!-- end of recipes -->").unwrap();
    let text = dhcptool::cli::manual::recipes_in_markdown();
    let wanted = format!("{before}<!-- recipes{line}\n\n{text}\n<!-- end of recipes -->{after}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &wanted).unwrap();
        return;
    }
    assert!(
        readme == wanted,
        "README.md's recipes are out of date; run BLESS=1 cargo test --test it generated"
    );
}
