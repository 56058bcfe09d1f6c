//! The table of vendors that this system has. It is opened before the process is confined and read when a source is named.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Seek as _};
use std::path::{Path, PathBuf};

use crate::analysis::servers::Judgement;
use crate::analysis::vendors::{self, Index};
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::flags::confine::ConfineArgs;
use crate::wire::Mac;

/// Where systems have such a table, best kept and most detailed first.
const TABLES: [&str; 9] = [
    "/usr/lib/udev/hwdb.d/20-OUI.hwdb",
    "/lib/udev/hwdb.d/20-OUI.hwdb",
    "/usr/share/wireshark/manuf",
    "/usr/share/nmap/nmap-mac-prefixes",
    "/usr/share/hwdata/oui.txt",
    "/usr/share/ieee-data/oui.txt",
    "/usr/share/misc/oui.txt",
    "/usr/share/arp-scan/ieee-oui.txt",
    "/usr/local/share/nmap/nmap-mac-prefixes",
];
/// Addresses whose vendor is remembered.
const MAX_KNOWN: usize = 1024;

/// Which vendor table.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct VendorArgs {
    /// Name the vendors of MAC addresses from this table (udev's 20-OUI.hwdb, Wireshark's manuf, Nmap's or the IEEE's)
    /// instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    vendors: Option<PathBuf>,
}

/// Tells the vendors of MAC addresses.
#[derive(Debug, Default)]
pub struct Vendors {
    table: Option<File>,
    known: HashMap<Mac, Option<String>>,
    index: Option<Index>,
}

impl VendorArgs {
    /// True when a table was named.
    pub fn is_given(&self) -> bool {
        self.vendors.is_some()
    }

    /// What [`open`](Self::open) will open or look for.
    pub fn files(&self) -> Vec<PathBuf> {
        self.vendors.as_ref().map_or_else(|| TABLES.map(PathBuf::from).to_vec(), |path| vec![path.clone()])
    }

    /// Opens the table, one that was named with the rights of who named it. Without one of the system's no vendor is known.
    pub fn open(&self, confine: &ConfineArgs, cx: &Context) -> Result<Vendors, Failure> {
        let table = match &self.vendors {
            Some(path) => Some(confine.apart(&[path.as_path()], cx, || {
                open(path).map_err(|error| {
                    Failure::could_not_run(format_args!("cannot read {}: {error}", path.display()))
                })
            })?),
            None => TABLES.iter().find_map(|path| open(Path::new(path)).ok()),
        };
        Ok(Vendors { table, known: HashMap::new(), index: None })
    }
}

/// Regular files only: anything else might keep the program waiting.
fn open(path: &Path) -> std::io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

impl Vendors {
    /// Looks up all of `macs` that are not known yet, in one pass through the table.
    pub fn learn(&mut self, macs: impl Iterator<Item = Mac>) {
        let new: Vec<Mac> =
            macs.filter(|mac| vendors::has_vendor(*mac) && !self.known.contains_key(mac)).collect();
        let Some(table) = self.table.as_mut().filter(|_| !new.is_empty()) else { return };
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        let found =
            table.rewind().and_then(|()| vendors::find(BufReader::with_capacity(1 << 16, table), &new));
        // A table that cannot be read says nothing; servers are judged without it.
        let mut found = found.unwrap_or_default();
        self.known.extend(new.into_iter().map(|mac| (mac, found.remove(&mac))));
    }

    /// Writes the vendors of their cards into what was found about servers.
    pub fn name<'a>(&mut self, judged: impl Iterator<Item = (Option<Mac>, &'a mut Judgement)>) {
        let judged: Vec<_> = judged.collect();
        self.learn(judged.iter().filter_map(|(mac, _)| *mac));
        for (mac, judgement) in judged {
            judgement.vendor = self.of(mac).map(ToOwned::to_owned);
        }
    }

    /// The vendor of any address; the whole table is read when the first that can have one is asked for, and kept.
    pub fn any(&mut self, mac: Mac) -> Option<&str> {
        if !vendors::has_vendor(mac) {
            return None;
        }
        let table = &mut self.table;
        let index = self.index.get_or_insert_with(|| {
            let read = table.as_mut().map(|table| {
                table.rewind().and_then(|()| Index::read(BufReader::with_capacity(1 << 16, table)))
            });
            // A table that cannot be read names nobody.
            read.and_then(Result::ok).unwrap_or_default()
        });
        index.of(mac)
    }

    /// The vendor of `mac`, when it was learned and the table names it.
    pub fn of(&self, mac: Option<Mac>) -> Option<&str> {
        self.known.get(&mac?)?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context::new(crate::cli::flags::common::CommonArgs::default())
    }

    #[test]
    fn a_table_is_read_when_asked_and_what_it_said_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manuf");
        std::fs::write(&path, "00:0C:29\tVMware\tVMware, Inc.\n00:00:0C\tCisco\tCisco Systems, Inc\n")
            .unwrap();
        let mut vendors =
            VendorArgs { vendors: Some(path.clone()) }.open(&ConfineArgs::default(), &context()).unwrap();
        let (vmware, cisco, own) =
            (Mac([0, 0x0c, 0x29, 1, 2, 3]), Mac([0, 0, 0x0c, 1, 2, 3]), Mac([2, 0, 0, 0, 0, 1]));
        assert_eq!(vendors.of(Some(vmware)), None);
        vendors.learn([vmware, own].into_iter());
        assert_eq!((vendors.of(Some(vmware)), vendors.of(Some(own))), (Some("VMware, Inc."), None));
        vendors.learn([cisco].into_iter());
        assert_eq!(vendors.of(Some(cisco)), Some("Cisco Systems, Inc"));
        assert_eq!(vendors.any(vmware), Some("VMware, Inc."));
        assert_eq!(vendors.any(own), None);
        // More addresses than are remembered.
        for high in 0..5 {
            vendors.learn((0..=255).map(|low| Mac([0, 0, 0x0c, 9, high, low])));
        }
        assert!(vendors.known.len() <= MAX_KNOWN + 256);
        assert_eq!(vendors.of(None), None);
    }

    #[test]
    fn a_table_that_is_none_is_refused_and_no_table_is_fine() {
        for path in ["/nonexistent", "/dev/null", "/"] {
            assert!(
                VendorArgs { vendors: Some(path.into()) }.open(&ConfineArgs::default(), &context()).is_err(),
                "{path}"
            );
        }
        let mut none = Vendors::default();
        none.learn([Mac([0, 0x0c, 0x29, 1, 2, 3])].into_iter());
        assert_eq!(none.of(Some(Mac([0, 0x0c, 0x29, 1, 2, 3]))), None);
    }
}
