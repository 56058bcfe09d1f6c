//! What this machine says about one of its interfaces without a packet: who holds it, what it is a member of, which client
//! manages it, and which filters could touch DHCP. Everything is read only, and what cannot be read is said.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[cfg(feature = "live")]
use super::privilege;
use crate::wire::digits::unhex;

/// The most bytes of any file that is read here.
const MOST: u64 = 1 << 20;
/// The port of DHCP clients, in hexadecimal as `/proc/net/udp` writes it.
const CLIENT_PORT: &str = ":0044";

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// What.
    pub check: &'static str,
    /// Why not.
    pub why: String,
}

/// Which interface another one is a member of: a bridge, bond, team, or VRF.
pub fn master(interface: &str) -> Option<String> {
    let target = fs::read_link(format!("/sys/class/net/{interface}/master")).ok()?;
    target.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The router of the default route through `interface`.
pub fn gateway(interface: &str) -> Option<Ipv4Addr> {
    route_of(&read("/proc/net/route"), interface)
}

/// The same in the words of `/proc/net/route`: interface, destination and gateway, hexadecimal in the machine's byte order.
fn route_of(table: &str, interface: &str) -> Option<Ipv4Addr> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, destination, gateway, ..] = fields.as_slice() else { return None };
        let gateway = u32::from_str_radix(gateway, 16).ok().filter(|gateway| *gateway != 0)?;
        (*name == interface && *destination == "00000000").then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
    })
}

/// A process that holds the DHCP client port, or a packet socket of a DHCP client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// Its name, as the kernel knows it (15 bytes).
    pub name: String,
}

/// Programs that speak DHCP as clients.
const CLIENTS: &[&str] = &[
    "dhclient",
    "dhcpcd",
    "udhcpc",
    "systemd-network",
    "systemd-networkd",
    "NetworkManager",
    "connmand",
    "iwd",
    "wickedd-dhcp4",
    "dhcp6c",
    "busybox",
    "pump",
];

/// Sockets of DHCP clients, by what they have to do with one interface; by inode.
#[derive(Debug, Default)]
struct Sockets {
    /// On port 68 of one of its addresses, or bound to it.
    here: BTreeSet<String>,
    /// On port 68 of no address: the kernel's table does not tell of which interface.
    anywhere: BTreeSet<String>,
    /// Of another interface.
    elsewhere: BTreeSet<String>,
}

/// What a process has to do with an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Holds,
    May,
    No,
}

impl Sockets {
    /// Those in the words of `/proc/net/udp` and `/proc/net/packet`, for the interface with these addresses and this number.
    fn read(udp: &str, packet: &str, addresses: &[Ipv4Addr], index: u32) -> Self {
        let mut all = Self::default();
        for line in udp.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let local = fields.get(1).and_then(|local| local.strip_suffix(CLIENT_PORT));
            // In the machine's byte order, as in the table of routes.
            let local = local.and_then(|local| u32::from_str_radix(local, 16).ok());
            let Some((local, inode)) = local.zip(fields.get(9)) else { continue };
            let local = Ipv4Addr::from(local.to_ne_bytes());
            let set = if addresses.contains(&local) {
                &mut all.here
            } else if local.is_unspecified() || local.is_broadcast() {
                &mut all.anywhere
            } else {
                &mut all.elsewhere
            };
            set.insert((*inode).to_owned());
        }
        for line in packet.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let bound = fields.get(4).and_then(|number| number.parse::<u32>().ok());
            // Number 0 is of all of them: whoever watches the whole machine.
            let Some((bound, inode)) = bound.filter(|bound| *bound > 0).zip(fields.get(8)) else { continue };
            let set = if bound == index { &mut all.here } else { &mut all.elsewhere };
            set.insert((*inode).to_owned());
        }
        all
    }

    /// What a process with the sockets `inodes` has to do with the interface.
    fn claim(&self, inodes: &[String]) -> Claim {
        let has = |set: &BTreeSet<String>| inodes.iter().any(|inode| set.contains(inode));
        match () {
            () if has(&self.here) => Claim::Holds,
            () if has(&self.anywhere) && !has(&self.elsewhere) => Claim::May,
            () => Claim::No,
        }
    }
}

/// DHCP clients that hold `interface` (whose number is `index`): by a socket on port 68 of its `addresses`, or a packet socket bound
/// to it. Of those that have port 68 without an address, and nothing to do with another interface, one is named where nobody is
/// known to hold this one.
/// Processes of other users can be seen by root alone; then the count of sockets is known and the names are not.
pub fn clients(interface: &str, index: u32, addresses: &[Ipv4Addr]) -> (Vec<Holder>, Option<Unseen>) {
    let sockets = Sockets::read(&read("/proc/net/udp"), &read("/proc/net/packet"), addresses, index);
    let (mut found, mut perhaps) = (Vec::new(), Vec::new());
    let mut hidden = false;
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = process.file_name().to_string_lossy().parse::<u32>() else { continue };
        let name = read(&format!("/proc/{pid}/comm")).trim().to_owned();
        if !CLIENTS.contains(&name.as_str()) {
            continue;
        }
        let names_it = || read(&format!("/proc/{pid}/cmdline")).split('\0').any(|word| word == interface);
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else {
            // Another user's: its command line may still name the interface.
            hidden = true;
            if names_it() {
                found.push(Holder { pid, name });
            }
            continue;
        };
        let targets = descriptors.flatten().filter_map(|one| fs::read_link(one.path()).ok());
        let inode =
            |target: PathBuf| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned());
        let inodes: Vec<String> = targets.filter_map(inode).collect();
        match sockets.claim(&inodes) {
            Claim::Holds => found.push(Holder { pid, name }),
            Claim::May if names_it() => found.push(Holder { pid, name }),
            Claim::May => perhaps.push(Holder { pid, name }),
            Claim::No => {}
        }
    }
    if found.is_empty() {
        found.extend(perhaps.into_iter().min());
    }
    found.sort();
    found.dedup();
    let open = sockets.here.len().saturating_add(sockets.anywhere.len());
    let unseen = (hidden && open > found.len())
        .then(|| Unseen { check: "processes", why: "those of other users: needs root".to_owned() });
    (found, unseen)
}

/// A lease that a client remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OldLease {
    /// The file it stands in.
    pub file: String,
    /// The client that wrote it.
    pub client: &'static str,
    /// The address.
    pub address: Option<Ipv4Addr>,
    /// The server identifier.
    pub server: Option<Ipv4Addr>,
    /// When the file was written, seconds since 1970.
    pub written: Option<u64>,
    /// How long the lease runs, seconds; all ones means no end.
    pub lease_time: Option<u32>,
    /// The client identifier it was had with.
    pub client_id: Option<Vec<u8>>,
}

impl OldLease {
    /// When it ends, seconds since 1970.
    pub fn ends(&self) -> Option<u64> {
        let length = self.lease_time.filter(|seconds| *seconds != u32::MAX)?;
        self.written?.checked_add(u64::from(length))
    }
}

/// Who keeps a lease file.
#[derive(Clone, Copy, Debug)]
enum Keeper {
    Networkd,
    Dhcpcd,
    Dhclient,
    NetworkManager,
}

impl Keeper {
    fn name(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd",
            Self::Dhcpcd => "dhcpcd",
            Self::Dhclient => "dhclient",
            Self::NetworkManager => "NetworkManager",
        }
    }

    /// The lease of `interface` in a file of this client.
    fn parse(self, content: &[u8], interface: &str) -> Option<OldLease> {
        match self {
            Self::Networkd | Self::NetworkManager => pairs(content),
            Self::Dhcpcd => message(content),
            Self::Dhclient => dhclient(content, interface),
        }
    }
}

/// Where clients keep their leases: systemd-networkd, dhcpcd, dhclient, `NetworkManager`.
pub const LEASE_FOLDERS: [&str; 5] = [
    "/run/systemd/netif/leases",
    "/var/lib/dhcpcd",
    "/var/lib/dhcp",
    "/var/lib/dhclient",
    "/var/lib/NetworkManager",
];

/// The newest lease of `interface` that dhclient, dhcpcd, systemd-networkd or `NetworkManager` keep.
pub fn old_lease(interface: &str, index: u32) -> (Option<OldLease>, Option<Unseen>) {
    let mut found: Vec<OldLease> = Vec::new();
    let mut refused = None;
    let mut refuse = |path: &Path, error: &std::io::Error| {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            refused = Some(Unseen { check: "lease files", why: format!("{}: needs root", path.display()) });
        }
    };
    let [networkd, dhcpcd, folders @ ..] = LEASE_FOLDERS;
    let mut files: Vec<(PathBuf, Keeper)> = vec![
        (Path::new(networkd).join(index.to_string()), Keeper::Networkd),
        (Path::new(dhcpcd).join(format!("{interface}.lease")), Keeper::Dhcpcd),
    ];
    for folder in folders {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                refuse(Path::new(folder), &error);
                continue;
            }
        };
        for entry in entries.flatten().take(1000) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let extension = Path::new(&name).extension().and_then(|extension| extension.to_str());
            if name.starts_with("dhclient") && matches!(extension, Some("leases" | "lease")) {
                files.push((entry.path(), Keeper::Dhclient));
            } else if name.starts_with("internal-") && name.ends_with(&format!("-{interface}.lease")) {
                files.push((entry.path(), Keeper::NetworkManager));
            }
        }
    }
    for (path, keeper) in files {
        match bytes(&path) {
            Ok(content) => found.extend(keeper.parse(&content, interface).map(|lease| OldLease {
                file: path.display().to_string(),
                client: keeper.name(),
                written: lease.written.or_else(|| modified(&path)),
                ..lease
            })),
            Err(error) => refuse(&path, &error),
        }
    }
    let newest = found.into_iter().filter(|lease| lease.address.is_some()).max_by_key(|lease| lease.written);
    (newest, refused)
}

/// `KEY=value` lines, as systemd-networkd and `NetworkManager` write them.
#[allow(clippy::unnecessary_wraps, reason = "the readers of other formats may fail")]
fn pairs(content: &[u8]) -> Option<OldLease> {
    let text = String::from_utf8_lossy(content);
    let value =
        |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::trim);
    Some(OldLease {
        address: value("ADDRESS").and_then(|text| text.parse().ok()),
        server: value("SERVER_ADDRESS").and_then(|text| text.parse().ok()),
        lease_time: value("LIFETIME").and_then(|text| text.parse().ok()),
        client_id: value("CLIENTID").and_then(|digits| unhex(&digits.replace(':', ""))),
        ..OldLease::default()
    })
}

/// The last ACK, as dhcpcd keeps it.
fn message(content: &[u8]) -> Option<OldLease> {
    use crate::wire::options::v4 as opt;
    let message = crate::wire::v4::Message::decode(content);
    (!message.yiaddr.is_unspecified()).then(|| OldLease {
        address: Some(message.yiaddr),
        server: message.ip_option(opt::DHCP_SERVER_IDENTIFIER),
        lease_time: message.u32_option(opt::DHCP_LEASE_TIME),
        ..OldLease::default()
    })
}

/// The last `lease { … }` of the interface in a file of dhclient.
fn dhclient(content: &[u8], interface: &str) -> Option<OldLease> {
    let text = String::from_utf8_lossy(content);
    let mut last = None;
    for block in text.split("lease {").skip(1) {
        let block = block.split('}').next().unwrap_or_default();
        let value = |key: &str| {
            let found =
                block.lines().find_map(|line| line.trim().strip_prefix(key)?.trim().strip_suffix(';'));
            found.map(|text| text.trim().trim_matches('"').to_owned())
        };
        if value("interface").is_some_and(|name| name != interface) {
            continue;
        }
        last = Some(OldLease {
            address: value("fixed-address").and_then(|text| text.parse().ok()),
            server: value("option dhcp-server-identifier").and_then(|text| text.parse().ok()),
            lease_time: value("option dhcp-lease-time").and_then(|text| text.parse().ok()),
            ..OldLease::default()
        });
    }
    last
}

/// Rules of nftables or iptables that concern DHCP's ports, or drop all that comes in. Only root may list them; `root` says that this
/// process is.
pub fn filters(root: bool) -> Result<Vec<String>, Unseen> {
    let listings = [("nft", &["list", "ruleset"][..]), ("iptables-save", &[])]
        .map(|(program, arguments)| (program, output_of(Command::new(program).args(arguments))));
    listed(listings, root)
}

/// What a program prints that looks at rules of the kernel. It inherits no descriptor but the standard three, and root of it can do no
/// more than root needs for that: what it may gain belongs to the thread that starts it.
#[cfg(feature = "live")]
fn output_of(command: &mut Command) -> std::io::Result<Output> {
    super::descriptors::close_on_exec();
    let command = command.stdin(Stdio::null()).stderr(Stdio::null());
    let start = || {
        privilege::narrow_bounding_set().map_err(std::io::Error::other)?;
        command.output()
    };
    let ended = |_| Err(std::io::Error::other("the thread that starts it ended early"));
    std::thread::scope(|scope| scope.spawn(start).join().unwrap_or_else(ended))
}

/// The same in a build that opens nothing and has no means.
#[cfg(not(feature = "live"))]
fn output_of(command: &mut Command) -> std::io::Result<Output> {
    command.stdin(Stdio::null()).stderr(Stdio::null()).output()
}

/// The rules in what these programs printed. One of them is enough: the other may be missing, or of another kernel.
fn listed<const N: usize>(
    listings: [(&str, std::io::Result<Output>); N],
    root: bool,
) -> Result<Vec<String>, Unseen> {
    let mut rules = Vec::new();
    let (mut looked, mut failed) = (false, None);
    for (program, output) in listings {
        match output {
            Ok(output) if output.status.success() => {
                looked = true;
                let text = String::from_utf8_lossy(&output.stdout);
                let found = text.lines().map(str::trim).filter(|line| concerns(line));
                rules.extend(found.take(8).map(str::to_owned));
            }
            Ok(_) => failed = failed.or(Some(program)),
            Err(_) => {}
        }
    }
    let why = match failed {
        _ if looked => return Ok(rules),
        Some(_) if !root => "needs root".to_owned(),
        Some(program) => format!("{program} could not list them"),
        None => "neither nft nor iptables-save is here".to_owned(),
    };
    Err(Unseen { check: "firewall", why })
}

/// A rule that could drop DHCP.
fn concerns(rule: &str) -> bool {
    let words: Vec<&str> =
        rule.split(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ',' | ';')).collect();
    let drops = words.iter().any(|word| matches!(*word, "drop" | "reject" | "DROP" | "REJECT"));
    let port =
        words.iter().any(|word| matches!(*word, "67" | "68" | "67:68" | "67-68" | "bootpc" | "bootps"));
    let policy =
        (rule.contains("hook input") && rule.contains("policy drop")) || rule.starts_with(":INPUT DROP");
    (drops && port) || policy
}

fn read(path: &str) -> String {
    bytes(Path::new(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut content = Vec::new();
    fs::File::open(path)?.take(MOST).read_to_end(&mut content)?;
    Ok(content)
}

fn modified(path: &Path) -> Option<u64> {
    let time = fs::metadata(path).ok()?.modified().ok()?;
    time.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_of_all_kinds_are_read() {
        let networkd =
            b"# private\nADDRESS=10.9.0.7\nSERVER_ADDRESS=10.9.0.1\nLIFETIME=3600\nCLIENTID=01020000000001\n";
        let lease = pairs(networkd).unwrap();
        assert_eq!((lease.address, lease.lease_time), (Some([10, 9, 0, 7].into()), Some(3600)));
        assert_eq!(lease.client_id.as_deref(), Some(&[1, 2, 0, 0, 0, 0, 1][..]));
        let text =
            b"lease {\n  interface \"eth0\";\n  fixed-address 10.9.0.8;\n  option dhcp-lease-time 600;\n}\n\
                     lease {\n  interface \"eth1\";\n  fixed-address 10.9.0.9;\n}\n";
        assert_eq!(dhclient(text, "eth0").unwrap().address, Some([10, 9, 0, 8].into()));
        assert_eq!(dhclient(text, "eth2"), None);
        assert_eq!(dhclient(b"lease {", "eth0").and_then(|lease| lease.address), None);
        let mut ack = crate::wire::v4::Message::new(crate::wire::v4::Op::REPLY);
        ack.yiaddr = [10, 9, 0, 10].into();
        ack.set_option(51, &600_u32.to_be_bytes());
        let lease = OldLease { written: Some(1000), ..message(&ack.encode()).unwrap() };
        assert_eq!(lease.ends(), Some(1600));
        assert_eq!(message(&[1, 2, 3]), None);
    }

    #[test]
    fn a_client_of_another_interface_does_not_hold_this_one() {
        let address = |last: u8| u32::from_ne_bytes([10, 77, 0, last]);
        let udp = |local: u32, inode: u32| {
            format!("  1: {local:08X}:0044 00000000:0000 07 0:0 00:0 0 0 0 {inode} 2 0 0\n")
        };
        let udp =
            ["  sl  local_address\n".to_owned(), udp(address(5), 1), udp(address(9), 2), udp(0, 3)].concat();
        let packet = "sk RefCnt Type Proto Iface R Rmem User Inode\n\
                      0 3 3 0003 2 1 0 0 4\n0 3 3 0003 3 1 0 0 5\n0 3 3 0003 0 1 0 0 6\n";
        let sockets = Sockets::read(&udp, packet, &[[10, 77, 0, 9].into()], 2);
        for (inodes, claim) in [
            (&["2"][..], Claim::Holds),
            (&["4"], Claim::Holds),
            (&["1"], Claim::No),
            (&["5"], Claim::No),
            (&["6"], Claim::No),
            (&["3"], Claim::May),
            (&["3", "4"], Claim::Holds),
            (&["3", "5"], Claim::No),
            (&["7"], Claim::No),
        ] {
            let inodes: Vec<String> = inodes.iter().map(ToString::to_string).collect();
            assert_eq!(sockets.claim(&inodes), claim, "{inodes:?}");
        }
    }

    #[test]
    fn the_router_of_the_default_route_is_found() {
        let line = |gateway: u32| format!("eth0\t00000000\t{gateway:08X}\t0003\t0\t0\t100\t00000000\n");
        let table = ["Iface\tDestination\tGateway\n", "eth0\t0000000A\t00000000\t1\n"].concat()
            + &line(u32::from_ne_bytes([10, 0, 0, 254]));
        assert_eq!(route_of(&table, "eth0"), Some([10, 0, 0, 254].into()));
        assert_eq!(route_of(&table, "eth1"), None);
        assert_eq!(route_of("", "eth0"), None);
    }

    #[test]
    fn rules_that_concern_dhcp_are_told_from_others() {
        assert!(concerns("udp dport { 67, 68 } drop"));
        assert!(concerns("-A INPUT -p udp -m udp --dport 68 -j DROP"));
        assert!(concerns("type filter hook input priority filter; policy drop;"));
        assert!(!concerns("udp dport 68 accept"));
        assert!(!concerns("tcp dport 22 drop"));
    }

    #[test]
    #[cfg(feature = "live")]
    fn a_program_that_lists_rules_gets_nothing_but_what_that_takes() {
        // As libpcap's: without close-on-exec.
        let (end, _other) = nix::unistd::pipe().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&end);
        let script = format!("grep Cap /proc/self/status; [ -e /proc/self/fd/{number} ] && echo foreign");
        let text =
            String::from_utf8(output_of(Command::new("sh").args(["-c", &script])).unwrap().stdout).unwrap();
        assert!(!text.contains("foreign"), "{text}");
        let bits = |set: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(set)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        if privilege::is_root() {
            let network = 1 << 12 | 1 << 13;
            assert_eq!([bits("CapBnd:") & !network, bits("CapEff:") & !network], [0; 2], "{text}");
        }
        let own = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let mine = own.lines().find_map(|line| line.strip_prefix("CapBnd:")).unwrap().trim().to_owned();
        assert!(!privilege::is_root() || u64::from_str_radix(&mine, 16).unwrap().count_ones() > 2, "{mine}");
    }

    #[test]
    fn one_listing_of_rules_is_enough() {
        use std::io::{Error, ErrorKind};
        use std::os::unix::process::ExitStatusExt as _;
        use std::process::ExitStatus;
        let ended = |code: i32, text: &str| {
            let status = ExitStatus::from_raw(code << 8);
            Ok(Output { status, stdout: text.into(), stderr: Vec::new() })
        };
        let missing = || Err(Error::from(ErrorKind::NotFound));
        let rule = "udp dport 68 drop";
        let rules = Ok(vec![rule.to_owned()]);
        assert_eq!(listed([("nft", ended(0, rule)), ("iptables-save", ended(1, ""))], true), rules);
        assert_eq!(listed([("nft", ended(1, "")), ("iptables-save", ended(0, rule))], false), rules);
        let why = |listings, root| listed::<2>(listings, root).unwrap_err().why;
        let refused = || [("nft", missing()), ("iptables-save", ended(1, ""))];
        assert_eq!(why(refused(), false), "needs root");
        assert_eq!(why(refused(), true), "iptables-save could not list them");
        let none = [("nft", missing()), ("iptables-save", missing())];
        assert_eq!(why(none, true), "neither nft nor iptables-save is here");
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let (_, _) = clients("lo", 1, &[Ipv4Addr::LOCALHOST]);
        assert_eq!(master("lo"), None);
        let _ = (old_lease("no-such-interface", 4_000_000), filters(false));
    }
}
