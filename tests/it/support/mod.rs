//! A network of namespaces with real DHCP servers in it, made by the test that needs it and gone with it.
//!
//! Every namespace belongs to a process that does nothing but hold it; when that ends, the kernel takes the namespace
//! apart. Works as root, and as anybody where user namespaces are allowed.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

pub(crate) mod far_end;
pub(crate) mod lab;
pub(crate) mod six;
pub(crate) mod story;
pub(crate) mod vt;

pub(crate) use lab::skip;

/// The children of a process, in the order in which they were made.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>())
        .collect()
}

/// What a process printed so far; can be waited for.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<(Mutex<String>, Condvar)>);

impl Log {
    fn follow(&self, source: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let (text, changed) = &*log.0;
                let mut text = text.lock().unwrap();
                text.push_str(&String::from_utf8_lossy(&line));
                text.push('\n');
                changed.notify_all();
            }
        });
    }

    /// Waits until `wanted` was printed.
    pub(crate) fn wait_for(&self, wanted: &str) {
        let (text, changed) = &*self.0;
        let text = text.lock().unwrap();
        let limit = Duration::from_secs(20);
        let (text, result) = changed.wait_timeout_while(text, limit, |text| !text.contains(wanted)).unwrap();
        assert!(!result.timed_out(), "{wanted:?} was not printed within {limit:?}:\n{text}");
    }
}

/// A process that ends with the test.
struct Process {
    child: Child,
    log: Log,
}

impl Process {
    fn start(command: &mut Command) -> Result<Self, String> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut process = Self { child, log: Log::default() };
        process.log.follow(process.child.stdout.take().unwrap());
        process.log.follow(process.child.stderr.take().unwrap());
        Ok(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // timeout(1) hands SIGTERM on to what it runs, which SIGKILL would leave behind. It may have ended by itself.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ =
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

/// A server program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Dnsmasq,
    Kea,
    Dhcpd,
    Udhcpd,
}

/// Makes a test of `$test` for every server program, in a module of that name.
macro_rules! with_every_server {
    ($test:ident: $($name:ident $kind:ident),*) => {
        mod $test {
            $(#[test]
            fn $name() {
                super::$test(crate::support::Kind::$kind);
            })*
        }
    };
    ($test:ident) => {
        $crate::support::with_every_server!($test: dnsmasq Dnsmasq, kea Kea, dhcpd Dhcpd, udhcpd Udhcpd);
    };
}
pub(crate) use with_every_server;

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Dnsmasq, Self::Kea, Self::Dhcpd, Self::Udhcpd];

    fn program(self) -> &'static str {
        match self {
            Self::Dnsmasq => "dnsmasq",
            Self::Kea => "kea-dhcp4",
            Self::Dhcpd => "dhcpd",
            Self::Udhcpd => "udhcpd",
        }
    }

    /// The number that tells its addresses from the others'.
    fn number(self) -> u8 {
        match self {
            Self::Dnsmasq => 1,
            Self::Kea => 2,
            Self::Dhcpd => 3,
            Self::Udhcpd => 4,
        }
    }

    /// Its address, which is its server identifier too.
    pub(crate) fn address(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, 0, self.number())
    }

    /// The lease time it was told, in seconds.
    pub(crate) fn lease_time(self) -> u64 {
        1000 + u64::from(self.number())
    }

    /// The domain it was told.
    pub(crate) fn domain(self) -> String {
        format!("{}.example", self.program())
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) leases: PathBuf,
    process: Process,
}

impl Server {
    pub(crate) fn log(&self) -> &Log {
        &self.process.log
    }

    /// Waits until it says that it heard the release of an address.
    pub(crate) fn wait_for_release(&self, address: &str, mac: &str) {
        match self.kind {
            Kind::Dnsmasq => self.log().wait_for(&format!("DHCPRELEASE(eth0) {address} {mac}")),
            Kind::Dhcpd => self.log().wait_for(&format!("DHCPRELEASE of {address} from {mac}")),
            Kind::Kea => self.log().wait_for(&format!("DHCP4_RELEASE [hwtype=1 {mac}]")),
            // Its lease file alone says so.
            Kind::Udhcpd => {}
        }
    }

    /// The lease file of a server that writes text.
    pub(crate) fn lease_text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.leases).unwrap()).into_owned()
    }

    /// Has udhcpd write its leases until they are as `wanted` says; it writes when it comes to it. False if they never are.
    pub(crate) fn leases_become(&self, wanted: impl Fn(&[UdhcpdLease]) -> bool) -> bool {
        let pid = std::fs::read_to_string(self.leases.with_file_name("pid")).unwrap();
        (0..2000).any(|_| {
            assert!(Command::new("kill").args(["-USR1", pid.trim()]).status().unwrap().success());
            wanted(&udhcpd_leases(&std::fs::read(&self.leases).unwrap()))
        })
    }
}

/// A row of udhcpd's lease file.
pub(crate) struct UdhcpdLease {
    pub(crate) address: Ipv4Addr,
    pub(crate) mac: [u8; 6],
    /// In seconds.
    pub(crate) left: u32,
}

fn udhcpd_leases(bytes: &[u8]) -> Vec<UdhcpdLease> {
    let rows = bytes.get(8..).unwrap_or(&[]).as_chunks::<36>().0;
    let lease = |row: &[u8; 36]| UdhcpdLease {
        left: u32::from_be_bytes(row[0..4].try_into().unwrap()),
        address: Ipv4Addr::from(<[u8; 4]>::try_from(&row[4..8]).unwrap()),
        mac: row[8..14].try_into().unwrap(),
    };
    rows.iter().map(lease).collect()
}

/// The network: a bridge with a client and servers on it, and a second segment behind a relay where one is asked for.
pub(crate) struct Net {
    /// Dropped first: servers before the namespaces they live in.
    pub(crate) servers: Vec<Server>,
    relay: Option<Process>,
    holders: Vec<(&'static str, Process)>,
    dir: tempfile::TempDir,
    entered: Vec<String>,
}

fn is_installed(program: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}

/// A network with these servers, or `None` and the reason said.
pub(crate) fn network(kinds: &[Kind], quick: bool) -> Option<Net> {
    Net::new(kinds, quick, false).map_err(|why| skip(&why)).ok()
}

/// The same with servers that have sixteen addresses each and bind them to BOOTP clients too, for ever.
pub(crate) fn bootp_network(kinds: &[Kind]) -> Option<Net> {
    Net::new(kinds, true, true).map_err(|why| skip(&why)).ok()
}

/// How long anything may live should the test be killed before it can clean up.
const LIFE: &str = "300";

impl Net {
    /// A network with these servers; the error says what is missing for it.
    fn new(kinds: &[Kind], quick: bool, bootp: bool) -> Result<Self, String> {
        for program in kinds.iter().map(|kind| kind.program()).chain(["ip", "unshare", "nsenter"]) {
            if !is_installed(program) {
                return Err(format!("{program} is not installed (tests/setup installs it)"));
            }
        }
        let mut net = Self {
            servers: Vec::new(),
            relay: None,
            holders: Vec::new(),
            dir: tempfile::tempdir().map_err(|error| error.to_string())?,
            entered: Vec::new(),
        };
        net.hold_first()?;
        net.ip("switch", "link add br0 type bridge stp_state 0 forward_delay 0")?;
        net.ip("switch", "link set br0 up")?;
        net.attach("client", None)?;
        for kind in kinds {
            net.attach(kind.program(), Some(kind.address()))?;
            net.start(*kind, quick, bootp)?;
        }
        Ok(net)
    }

    fn hold_first(&mut self) -> Result<(), String> {
        let root = nix::unistd::geteuid().is_root();
        let mut unshare = Command::new("unshare");
        unshare.args(if root { &["-n"][..] } else { &["-U", "-r", "-n"] });
        let holder = Process::start(unshare.args(["sh", "-c", &format!("echo held; exec sleep {LIFE}")]))?;
        self.entered = if root { vec![] } else { vec!["-U".to_owned(), "--preserve-credentials".to_owned()] };
        self.hold("switch", holder)
    }

    fn hold(&mut self, name: &'static str, mut holder: Process) -> Result<(), String> {
        let (text, changed) = &*holder.log.0;
        let wait = changed
            .wait_timeout_while(text.lock().unwrap(), Duration::from_secs(10), |text| text.is_empty())
            .unwrap();
        let said = wait.0.clone();
        drop(wait);
        if !said.starts_with("held") {
            let _ = holder.child.kill();
            return Err(format!("no network namespace: {}", said.trim()));
        }
        self.holders.push((name, holder));
        self.ip(name, "link set lo up")
    }

    fn node(&mut self, name: &'static str) -> Result<(), String> {
        let mut unshare = self.command("switch", "unshare");
        let holder =
            Process::start(unshare.args(["-n", "sh", "-c", &format!("echo held; exec sleep {LIFE}")]))?;
        self.hold(name, holder)
    }

    /// The command that runs `program` inside `node`.
    pub(crate) fn command(&self, node: &str, program: &str) -> Command {
        let holder = self.holders.iter().find(|(name, _)| *name == node).map(|(_, holder)| holder.child.id());
        let mut command = Command::new("nsenter");
        command.arg("-t").arg(holder.unwrap_or(0).to_string()).args(&self.entered).arg("-n").arg(program);
        command
    }

    fn ip(&self, node: &str, arguments: &str) -> Result<(), String> {
        self.run(node, "ip", arguments)
    }

    fn run(&self, node: &str, program: &str, arguments: &str) -> Result<(), String> {
        let output = self.command(node, program).args(arguments.split(' ')).output();
        let output = output.map_err(|error| format!("{program}: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }

    /// A node whose eth0 is plugged into the bridge.
    fn attach(&mut self, name: &'static str, address: Option<Ipv4Addr>) -> Result<(), String> {
        self.node(name)?;
        self.plug(name)?;
        if let Some(address) = address {
            self.ip(name, &format!("addr add {address}/16 brd + dev eth0"))?;
        }
        Ok(())
    }

    /// Plugs eth0 of the node that was made last into the bridge.
    fn plug(&mut self, name: &'static str) -> Result<(), String> {
        let pid = self.holders.last().map_or(0, |(_, holder)| holder.child.id());
        let port = format!("p-{name}");
        self.ip("switch", &format!("link add {port} type veth peer name eth0 netns {pid}"))?;
        self.ip("switch", &format!("link set {port} master br0 up"))?;
        self.ip(name, "link set eth0 up")
    }

    /// Gives the client's interface an address.
    pub(crate) fn address_client(&self, address: Ipv4Addr) {
        self.ip("client", &format!("addr add {address}/16 brd + dev eth0")).unwrap();
    }

    /// A second segment, 172.31.7.0/24, with the node `far` on it and a relay in between that asks `servers`.
    pub(crate) fn with_relay(&mut self, servers: &[Kind]) -> Result<(), String> {
        if !is_installed("dhcrelay") {
            return Err("dhcrelay is not installed (tests/setup installs it)".to_owned());
        }
        self.attach("relay", Some(Ipv4Addr::new(10, 77, 0, 100)))?;
        let relay = self.holders.last().map_or(0, |(_, holder)| holder.child.id());
        self.node("far")?;
        self.ip("far", &format!("link add eth0 type veth peer name eth1 netns {relay}"))?;
        self.ip("far", "link set eth0 up")?;
        self.ip("relay", "addr add 172.31.7.1/24 brd + dev eth1")?;
        self.ip("relay", "link set eth1 up")?;
        self.run("relay", "sysctl", "-qw net.ipv4.ip_forward=1")?;
        for kind in servers {
            self.ip(kind.program(), "route add 172.31.7.0/24 via 10.77.0.100")?;
        }
        let addresses = servers.iter().map(|kind| kind.address().to_string());
        let process = Process::start(
            self.command("relay", "timeout")
                .args([
                    "-k", "1", LIFE, "dhcrelay", "-4", "-d", "--no-pid", "-a", "-iu", "eth0", "-id", "eth1",
                ])
                .args(addresses),
        )?;
        process.log.wait_for("Sending on   Socket");
        self.relay = Some(process);
        Ok(())
    }

    fn start(&mut self, kind: Kind, quick: bool, bootp: bool) -> Result<(), String> {
        let folder = self.dir.path().join(kind.program());
        std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
        let leases = folder.join("leases");
        std::fs::write(&leases, "").map_err(|error| error.to_string())?;
        let plan = Plan { kind, quick, bootp, folder: &folder, leases: &leases };
        let mut command = self.command(kind.program(), "timeout");
        command.args(["-k", "1", LIFE]);
        let ready = plan.fill(&mut command);
        let process = Process::start(command.current_dir(&folder))?;
        process.log.wait_for(ready);
        self.servers.push(Server { kind, leases, process });
        Ok(())
    }

    pub(crate) fn server(&self, kind: Kind) -> &Server {
        self.servers.iter().find(|server| server.kind == kind).unwrap()
    }

    /// Runs dhcptool on `node`.
    pub(crate) fn dhcptool(&self, node: &str, arguments: &[&str]) -> Output {
        self.command(node, env!("CARGO_BIN_EXE_dhcptool")).args(arguments).output().unwrap()
    }

    /// Runs dhcptool with --json, checks its exit code, and reads the one object it prints.
    pub(crate) fn json(&self, node: &str, arguments: &[&str], code: i32) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let output = self.dhcptool(node, &all);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}:\n{out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}:\n{out}{err}"))
    }
}

/// How one server is started.
struct Plan<'a> {
    kind: Kind,
    quick: bool,
    bootp: bool,
    folder: &'a Path,
    leases: &'a Path,
}

impl Plan<'_> {
    /// Adds program and arguments, writes its configuration, and says what it prints when it is ready.
    fn fill(&self, command: &mut Command) -> &'static str {
        let (number, lease) = (self.kind.number(), self.kind.lease_time());
        let (address, domain) = (self.kind.address(), self.kind.domain());
        let (first, last) =
            (format!("10.77.{number}.10"), format!("10.77.{number}.{}", if self.bootp { 25 } else { 250 }));
        let (far_first, far_last) = (format!("172.31.7.{number}0"), format!("172.31.7.{number}9"));
        let config = self.folder.join("config");
        let (config_text, leases_text) = (config.display().to_string(), self.leases.display().to_string());
        match self.kind {
            Kind::Dnsmasq => {
                command.args(["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--no-resolv"]);
                command.args(["--no-hosts", "--user=root", "--interface=eth0", "--except-interface=lo"]);
                command.args(["--bind-interfaces", "--log-dhcp", "--log-facility=-", "--dhcp-authoritative"]);
                command.arg(format!("--dhcp-leasefile={leases_text}"));
                command.arg(format!("--dhcp-range=set:near,{first},{last},255.255.0.0,{lease}"));
                command.arg(format!("--dhcp-range=set:far,{far_first},{far_last},255.255.255.0,{lease}"));
                command.arg(format!("--dhcp-option=tag:near,option:router,{address}"));
                command.arg("--dhcp-option=option:dns-server,10.77.9.1,10.77.9.2");
                command.arg(format!("--dhcp-option=option:domain-name,{domain}"));
                if self.quick {
                    command.arg("--no-ping");
                }
                if self.bootp {
                    command.arg("--bootp-dynamic");
                }
                "sockets bound exclusively"
            }
            Kind::Kea => {
                let text = format!(
                    r#"{{"Dhcp4": {{"interfaces-config": {{"interfaces": ["eth0"], "dhcp-socket-type": "raw"}},
                    "authoritative": true, "valid-lifetime": {lease}, "calculate-tee-times": true,
                    "lease-database": {{"type": "memfile", "persist": true, "name": "{leases_text}", "lfc-interval": 0}},
                    "loggers": [{{"name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 40,
                                  "output_options": [{{"output": "stdout"}}]}}],
                    "option-data": [{{"name": "domain-name-servers", "data": "10.77.9.1, 10.77.9.2"}},
                                    {{"name": "domain-name", "data": "{domain}"}}],
                    "subnet4": [{{"id": 1, "subnet": "10.77.0.0/16", "pools": [{{"pool": "{first} - {last}"}}],
                                  "option-data": [{{"name": "routers", "data": "{address}"}}]}},
                                {{"id": 2, "subnet": "172.31.7.0/24",
                                  "pools": [{{"pool": "{far_first} - {far_last}"}}]}}]}}}}"#
                );
                std::fs::write(&config, text).unwrap();
                command.env("KEA_PIDFILE_DIR", self.folder).env("KEA_LOCKFILE_DIR", self.folder);
                command.args(["kea-dhcp4", "-c", &config_text]);
                "DHCP4_STARTED"
            }
            Kind::Dhcpd => {
                let ping = !self.quick;
                let bootp = if self.bootp { "dynamic-bootp " } else { "" };
                let text = format!(
                    "authoritative; ddns-update-style none; default-lease-time {lease}; max-lease-time {lease};\n\
                     min-lease-time 60; ping-check {ping};\n\
                     option domain-name \"{domain}\"; option domain-name-servers 10.77.9.1, 10.77.9.2;\n\
                     subnet 10.77.0.0 netmask 255.255.0.0 {{ option routers {address}; range {bootp}{first} {last}; }}\n\
                     subnet 172.31.7.0 netmask 255.255.255.0 {{ range {far_first} {far_last}; }}\n"
                );
                std::fs::write(&config, text).unwrap();
                command.args([
                    "dhcpd",
                    "-4",
                    "-f",
                    "-d",
                    "--no-pid",
                    "-cf",
                    &config_text,
                    "-lf",
                    &leases_text,
                    "eth0",
                ]);
                "Server starting service"
            }
            Kind::Udhcpd => {
                let pid = self.folder.join("pid").display().to_string();
                let text = format!(
                    "start {first}\nend {last}\ninterface eth0\nmax_leases 200\nlease_file {leases_text}\npidfile {pid}\n\
                     auto_time 0\noption subnet 255.255.0.0\noption router {address}\noption dns 10.77.9.1 10.77.9.2\n\
                     option domain {domain}\noption lease {lease}\n"
                );
                std::fs::write(&config, text).unwrap();
                command.args(["udhcpd", "-f"]);
                if self.quick {
                    command.args(["-a", "1"]);
                }
                command.arg(&config_text);
                "started"
            }
        }
    }
}
