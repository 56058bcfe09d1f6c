//! Real DHCPv6 servers and a router in a network of namespaces.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use super::{LIFE, Net, Process, is_installed, skip};

/// A server program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Six {
    Kea,
    Dhcpd,
    Dnsmasq,
    Radvd,
}

impl Six {
    pub(crate) const SERVERS: [Self; 3] = [Self::Kea, Self::Dhcpd, Self::Dnsmasq];

    fn program(self) -> &'static str {
        match self {
            Self::Kea => "kea-dhcp6",
            Self::Dhcpd => "dhcpd",
            Self::Dnsmasq => "dnsmasq",
            Self::Radvd => "radvd",
        }
    }

    /// The number that tells its addresses from the others'.
    fn number(self) -> u8 {
        match self {
            Self::Kea => 1,
            Self::Dhcpd => 2,
            Self::Dnsmasq => 3,
            Self::Radvd => 4,
        }
    }

    /// Its global address.
    pub(crate) fn address(self) -> String {
        format!("fd00:77::{}", self.number())
    }

    /// What the addresses that it leases begin with.
    pub(crate) fn pool(self) -> String {
        format!("fd00:77::{}:", self.number())
    }

    /// The DNS server that it names.
    pub(crate) fn dns(self) -> String {
        format!("fd00:77::53:{}", self.number())
    }

    /// It delegates prefixes.
    pub(crate) fn delegates(self) -> bool {
        matches!(self, Self::Kea | Self::Dhcpd)
    }
}

/// A link with a client, these servers, and a router where there is one among them.
pub(crate) struct Net6 {
    /// Dropped first: servers before the namespaces they live in.
    servers: Vec<(Six, Process, PathBuf)>,
    net: Net,
}

/// A link with these servers, or `None` and the reason said.
pub(crate) fn network(kinds: &[Six]) -> Option<Net6> {
    Net6::new(kinds).map_err(|why| skip(&why)).ok()
}

impl Net6 {
    fn new(kinds: &[Six]) -> Result<Self, String> {
        for program in kinds.iter().map(|kind| kind.program()) {
            if !is_installed(program) {
                return Err(format!("{program} is not installed (tests/setup installs it)"));
            }
        }
        let mut net = Net::new(&[], true, false)?;
        // The client's own address needs no test: nobody else can have it.
        net.run("client", "sysctl", "-qw net.ipv6.conf.eth0.accept_ra=0")?;
        let mut servers = Vec::new();
        for kind in kinds {
            net.node(kind.program())?;
            let quiet = "-qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0";
            net.run(kind.program(), "sysctl", quiet)?;
            net.plug(kind.program())?;
            net.ip(kind.program(), &format!("addr add {}/64 dev eth0 nodad", kind.address()))?;
            servers.push(start(&net, *kind)?);
        }
        Ok(Self { servers, net })
    }

    /// The lease file of a server.
    pub(crate) fn leases(&self, kind: Six) -> String {
        let (_, _, path) = self.servers.iter().find(|(one, ..)| *one == kind).unwrap();
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    /// The command that runs `program` on `node`: client, or a server's program.
    pub(crate) fn command(&self, node: &str, program: &str) -> Command {
        self.net.command(node, program)
    }

    /// Runs dhcptool on the client.
    pub(crate) fn dhcptool(&self, arguments: &[&str]) -> Output {
        self.net.dhcptool("client", arguments)
    }

    /// Runs dhcptool on the client with --json, checks its exit code, and reads the one object it prints.
    pub(crate) fn json(&self, arguments: &[&str], code: i32) -> Value {
        self.net.json("client", arguments, code)
    }
}

fn start(net: &Net, kind: Six) -> Result<(Six, Process, PathBuf), String> {
    let folder = net.dir.path().join(format!("six-{}", kind.program()));
    std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let (config, leases) = (folder.join("config"), folder.join("leases"));
    std::fs::write(&leases, "").map_err(|error| error.to_string())?;
    let (pool, dns, number) = (kind.pool(), kind.dns(), kind.number());
    let (config_text, leases_text) = (config.display().to_string(), leases.display().to_string());
    let mut command = net.command(kind.program(), "timeout");
    command.args(["-k", "1", LIFE, kind.program()]);
    let (text, ready) = match kind {
        Six::Kea => {
            let dir = folder.display();
            command
                .env("KEA_PIDFILE_DIR", &folder)
                .env("KEA_LOCKFILE_DIR", &folder)
                .args(["-c", &config_text]);
            let text = format!(
                r#"{{"Dhcp6":{{"interfaces-config":{{"interfaces":["eth0","eth0/{address}"]}},"data-directory":"{dir}",
                "lease-database":{{"type":"memfile","name":"{leases_text}","lfc-interval":0}},
                "loggers":[{{"name":"kea-dhcp6","severity":"INFO","output_options":[{{"output":"stdout"}}]}}],
                "valid-lifetime":1000,"preferred-lifetime":500,"renew-timer":250,"rebind-timer":333,
                "option-data":[{{"name":"dns-servers","data":"{dns}"}}],
                "subnet6":[{{"id":1,"subnet":"fd00:77::/64","interface":"eth0","rapid-commit":true,
                "pools":[{{"pool":"{pool}1000 - {pool}1fff"}}],
                "pd-pools":[{{"prefix":"fd00:d0{number}::","prefix-len":40,"delegated-len":56}}]}}]}}}}"#,
                address = kind.address()
            );
            (text, "DHCP6_STARTED")
        }
        Six::Dhcpd => {
            command.args(["-6", "-d", "-f", "-cf", &config_text, "-lf", &leases_text, "--no-pid", "eth0"]);
            let text = format!(
                "default-lease-time 1100; preferred-lifetime 550; option dhcp6.name-servers {dns};\n\
                 subnet6 fd00:77::/64 {{ range6 {pool}1000 {pool}1fff; prefix6 fd00:d0{number}:: fd00:d0{number}:ff:ff00:: /56; }}\n"
            );
            (text, "Server starting service.")
        }
        Six::Dnsmasq => {
            command.args(["--no-daemon", "--conf-file=/dev/null", "--port=0", "--no-resolv", "--no-hosts"]);
            command.args(["--user=root", "--interface=eth0", "--except-interface=lo", "--bind-interfaces"]);
            command.args(["--log-dhcp", "--log-facility=-", "--dhcp-authoritative"]);
            command.arg(format!("--dhcp-leasefile={leases_text}"));
            command.arg(format!("--dhcp-range={pool}1000,{pool}1fff,64,1200"));
            command.arg(format!("--dhcp-option=option6:dns-server,[{dns}]"));
            (String::new(), "started")
        }
        Six::Radvd => {
            net.run(kind.program(), "sysctl", "-qw net.ipv6.conf.all.forwarding=1")?;
            let pid = folder.join("pid").display().to_string();
            command.args(["-n", "-d", "1", "-m", "stderr", "-C", &config_text, "-p", &pid]);
            let text = format!(
                "interface eth0 {{ AdvSendAdvert on; AdvManagedFlag on; MinRtrAdvInterval 3; MaxRtrAdvInterval 10;\n\
                 AdvDefaultLifetime 1300; prefix fd00:77::/64 {{ AdvOnLink on; AdvAutonomous off; }};\n\
                 RDNSS {dns} {{ AdvRDNSSLifetime 300; }}; }};\n"
            );
            (text, "started")
        }
    };
    std::fs::write(&config, text).map_err(|error| error.to_string())?;
    let process = Process::start(command.current_dir(&folder))?;
    process.log.wait_for(ready);
    Ok((kind, process, leases))
}
