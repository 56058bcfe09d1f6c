//! `--expect`: what must hold of the offers, on the command line or in a file.

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use clap::Args;
use regex_lite::Regex;

use super::select::{parse_option, parse_option6};
use super::values::duration;
use crate::analysis::expect::{
    Checked, Comparison, Expectation, Figure6, Subject, Subject6, TextTest, TextWant,
};
use crate::cli::exit::Failure;
use crate::output::expect::junit;
use crate::wire::options::{Kind, v4};
use crate::wire::v6::{Duid, Prefix6};
use crate::wire::{Lease, Prefix};

/// What is expected.
#[derive(Args, Clone, Debug, Default)]
pub struct ExpectArgs {
    /// What must hold of every offer, else the exit status is 1; repeatable, or a TOML file of such
    ///
    /// An option by name or code: routers=10.0.0.1, '!wpad' (not sent), 43 (sent), boot-file~^pxe (a pattern),
    /// interface-mtu>=1500. What lists several is met by one of its members; name the whole list, in its order, where no other may be there
    /// (domain-name-servers=10.0.0.53,10.0.0.54). A time: lease>=1h, T1<=30m. servers=2 and offers>=1 count; address=10.0.0.0/24, server=10.0.0.1,
    /// next-server, boot-file and server-name are of the message, latency<=100ms counts from the first DISCOVER or SOLICIT; bootfile-name and tftp-server-name are met by its fields file
    /// and sname too. With -6: an option of DHCPv6, lease and preferred (the
    /// shortest lifetimes), T1, T2, preference>=1, address=2001:db8::/64, prefix=2001:db8::/32, server=DUID. A file holds NAME = VALUE a line, or
    /// expect = ["lease>=1h", …].
    #[allow(clippy::doc_markdown, reason = "it is the text of the help")]
    #[arg(long, value_name = "EXPECTATION|FILE.toml", help_heading = "Expectations")]
    expect: Vec<String>,

    /// Write what became of the expectations as JUnit XML, for CI
    #[arg(long, value_name = "FILE", requires = "expect", value_hint = clap::ValueHint::FilePath, help_heading = "Expectations")]
    pub junit: Option<PathBuf>,
}

impl ExpectArgs {
    /// True when something is expected.
    pub fn is_given(&self) -> bool {
        !self.expect.is_empty() || self.junit.is_some()
    }

    /// Opens the file for JUnit XML, before anything is asked.
    pub fn create(&self) -> Result<Option<File>, Failure> {
        let create = |path: &PathBuf| {
            File::create(path).map_err(|error| {
                Failure::could_not_run(format_args!("cannot write {}: {error}", path.display()))
            })
        };
        self.junit.as_ref().map(create).transpose()
    }

    /// The expectations of DHCPv4, or of DHCPv6 where `six`; those of files spread out.
    pub fn read(&self, six: bool) -> Result<Vec<Expectation>, Failure> {
        let mut found = Vec::new();
        let parse = |text: &str| if six { parse_as(text, subject6) } else { parse_as(text, subject) };
        for text in &self.expect {
            if Path::new(text).extension().is_some_and(|extension| extension == "toml") {
                let listed = from_file(Path::new(text))?;
                if listed.is_empty() {
                    return Err(Failure::usage(format_args!(
                        "{text} expects nothing; write NAME = VALUE a line, or expect = [\"lease>=1h\"]"
                    )));
                }
                for text in listed {
                    found.push(parse(&text)?);
                }
            } else {
                found.push(parse(text)?);
            }
        }
        Ok(found)
    }
}

/// Writes what became of expectations as JUnit XML, where that is wanted.
pub fn write(file: Option<File>, interface: &str, checked: &[Checked]) -> Result<(), Failure> {
    let Some(mut file) = file else { return Ok(()) };
    std::io::Write::write_all(&mut file, junit(interface, checked).as_bytes())
        .map_err(|error| Failure::could_not_run(format_args!("cannot write the JUnit file: {error}")))
}

/// The expectations of a file, as they would stand on the command line.
fn from_file(path: &Path) -> Result<Vec<String>, Failure> {
    let shown = path.display();
    let text = crate::cli::text::read(path, 1 << 20)
        .map_err(|error| Failure::could_not_run(format_args!("cannot read {shown}: {error}")))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        let gist = error.message().lines().next().unwrap_or_default().to_owned();
        Failure::usage(format_args!("{shown}: {gist}"))
    })?;
    let mut found = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Array(items) if name == "expect" => {
                for item in items {
                    let toml::Value::String(text) = item else {
                        return Err(Failure::usage(format_args!(
                            "{shown}: expect holds text such as \"lease>=1h\""
                        )));
                    };
                    found.push(text);
                }
            }
            toml::Value::String(text) if text.starts_with(['=', '!', '<', '>', '~']) => {
                found.push(name + &text);
            }
            toml::Value::String(text) => found.push(format!("{name}={text}")),
            toml::Value::Integer(number) => found.push(format!("{name}={number}")),
            toml::Value::Boolean(true) => found.push(name),
            toml::Value::Boolean(false) => found.push(format!("!{name}")),
            toml::Value::Array(items) => {
                let items =
                    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                found.push(format!("{name}={}", items.collect::<Vec<_>>().join(",")));
            }
            other => {
                return Err(Failure::usage(format_args!(
                    "{shown}: {name} is a {}; write text, a number, true, false or a list",
                    other.type_str()
                )));
            }
        }
    }
    Ok(found)
}

fn parse_as(text: &str, read: fn(&str) -> Result<Subject, String>) -> Result<Expectation, Failure> {
    let subject = read(text).map_err(|why| Failure::usage(format_args!("--expect {text}: {why}")))?;
    Ok(Expectation { text: text.to_owned(), subject })
}

/// What an expectation may be about that is no option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Servers,
    Offers,
    Latency,
    Lease,
    Preferred,
    T1,
    T2,
    Preference,
    Address,
    Prefix,
    Server,
    NextServer,
    BootFile,
    ServerName,
}

/// All of them: the name, how it is compared most often, and what it is.
const NAMED: [(Named, &str, &str, &str); 14] = [
    (Named::Servers, "servers", "=", "how many servers offer"),
    (Named::Offers, "offers", ">=", "how many offers come"),
    (Named::Latency, "latency", "<=", "how long the first question waits for an offer"),
    (Named::Lease, "lease", ">=", "how long a lease runs"),
    (Named::Preferred, "preferred", ">=", "how long an address is preferred (DHCPv6)"),
    (Named::T1, "T1", "<=", "when a client renews"),
    (Named::T2, "T2", "<=", "when a client asks any server"),
    (Named::Preference, "preference", "=", "how much a server wants to be chosen (DHCPv6)"),
    (Named::Address, "address", "=", "the address offered, or its network"),
    (Named::Prefix, "prefix", "=", "the prefix offered lies in it (DHCPv6)"),
    (Named::Server, "server", "=", "who offers"),
    (Named::NextServer, "next-server", "=", "siaddr"),
    (Named::BootFile, "boot-file", "=", "option 67, else the field file"),
    (Named::ServerName, "server-name", "=", "option 66, else the field sname"),
];

impl Named {
    fn of(name: &str) -> Option<Self> {
        NAMED.iter().find(|(_, known, ..)| known.eq_ignore_ascii_case(name)).map(|(named, ..)| *named)
    }
}

/// What an expectation may begin with that is no option, and what it is about.
pub fn beginnings() -> impl Iterator<Item = (String, &'static str)> {
    NAMED.iter().map(|(_, name, how, what)| (format!("{name}{how}"), *what))
}

/// A comparison as it was written.
struct Compared<'a> {
    name: &'a str,
    how: Comparison,
    value: &'a str,
}

impl<'a> Compared<'a> {
    /// Reads one; none where nothing is compared.
    fn read(text: &'a str) -> Option<Self> {
        let at = text.find(['=', '<', '>', '~']).map(|at| {
            if text.get(..at).is_some_and(|before| at > 0 && before.ends_with('!')) {
                at.saturating_sub(1)
            } else {
                at
            }
        });
        let (name, rest) = text.split_at_checked(at.unwrap_or(text.len())).unwrap_or((text, ""));
        Comparison::ALL
            .into_iter()
            .find_map(|(sign, how)| Some(Self { name, how, value: rest.strip_prefix(sign)? }))
    }

    /// What both protocols have: counts and how long an offer took.
    fn common(&self) -> Option<Result<Subject, String>> {
        let (how, value) = (self.how, self.value);
        let number = || value.parse::<u64>().map_err(|_| self.wrong("a number"));
        Some(match Named::of(self.name)? {
            Named::Servers => number().map(|number| Subject::Servers(how, number)),
            Named::Offers => number().map(|number| Subject::Offers(how, number)),
            Named::Latency => duration(value)
                .map(|latency| Subject::Latency(how, u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX))),
            _ => return None,
        })
    }

    /// True for =, false for !=; an error for what only numbers can be.
    fn equal(&self) -> Result<bool, String> {
        match self.how {
            Comparison::Is => Ok(true),
            Comparison::IsNot => Ok(false),
            _ => Err(format!("{} is no number: compare it with = or !=", self.name)),
        }
    }

    /// The value is not what it must be.
    fn wrong(&self, what: &str) -> String {
        format!("{:?} is not {what}", self.value)
    }
}

fn subject6(text: &str) -> Result<Subject, String> {
    let option = |text: &str| {
        let wanted = parse_option6(text);
        let known = wanted.dhcp.is_some();
        known
            .then_some(Subject::Six(Subject6::Option(wanted)))
            .ok_or_else(|| format!("{text:?} is no option of DHCPv6 and its value; see dhcptool options -6"))
    };
    let Some(compared) = Compared::read(text) else { return option(text) };
    if let Some(found) = compared.common() {
        return found;
    }
    let Compared { name, how, value } = compared;
    let number = |figure, wanted| Ok(Subject::Six(Subject6::Number(figure, how, wanted)));
    let net = || value.parse().map_err(|_| compared.wrong("a network such as 2001:db8::/64"));
    match Named::of(name) {
        Some(Named::Lease) => number(Figure6::Valid, seconds(value)?),
        Some(Named::Preferred) => number(Figure6::Preferred, seconds(value)?),
        Some(Named::T1) => number(Figure6::T1, seconds(value)?),
        Some(Named::T2) => number(Figure6::T2, seconds(value)?),
        Some(Named::Preference) => {
            number(Figure6::Preference, value.parse().map_err(|_| compared.wrong("a number"))?)
        }
        Some(Named::Address) if value.contains('/') => {
            Ok(Subject::Six(Subject6::Address(net()?, compared.equal()?)))
        }
        Some(Named::Address) => {
            let address = value
                .parse()
                .map_err(|_| compared.wrong("an address, or a network such as 2001:db8::/64"))?;
            Ok(Subject::Six(Subject6::Address(Prefix6::new(address, 128), compared.equal()?)))
        }
        Some(Named::Prefix) => Ok(Subject::Six(Subject6::Prefix(net()?, compared.equal()?))),
        Some(Named::Server) => {
            let duid: Duid = value.parse().map_err(|_| compared.wrong("a DUID"))?;
            Ok(Subject::Server(duid.to_string(), compared.equal()?))
        }
        _ if how == Comparison::Is => option(text),
        _ if how == Comparison::IsNot => option(&format!("!{name}={value}")),
        _ => Err(format!("{name} is no number that an offer of DHCPv6 has")),
    }
}

/// What is expected of a text that stands in an option or in a field of the message.
fn text_subject(text: &str) -> Result<Option<Subject>, String> {
    let (negated, bare) = text.strip_prefix('!').map_or((false, text), |bare| (true, bare));
    let (name, comparison) = bare
        .split_at_checked(bare.find(['=', '!', '~', '<', '>']).unwrap_or(bare.len()))
        .unwrap_or((bare, ""));
    let subject = match Named::of(name) {
        Some(Named::BootFile) => Subject::BootFile,
        Some(Named::ServerName) => Subject::ServerName,
        _ => return Ok(None),
    };
    let (differs, comparison) =
        comparison.strip_prefix('!').map_or((false, comparison), |comparison| (true, comparison));
    let want = if let Some(pattern) = comparison.strip_prefix('~') {
        TextWant::Pattern(
            Regex::new(pattern)
                .map_err(|error| format!("{error}; write a regular expression such as ^abc"))?,
        )
    } else if let Some(value) = comparison.strip_prefix('=') {
        TextWant::Is(value.as_bytes().to_vec())
    } else if comparison.is_empty() && !differs {
        TextWant::Given
    } else {
        return Err(format!("{name} is a text: compare it with =, != or ~"));
    };
    Ok(Some(subject(TextTest { negated: negated != differs, want })))
}

fn subject(text: &str) -> Result<Subject, String> {
    if let Some(subject) = text_subject(text)? {
        return Ok(subject);
    }
    let Some(compared) = Compared::read(text) else { return option(text) };
    if let Some(found) = compared.common() {
        return found;
    }
    let Compared { name, how, value } = compared;
    Ok(match Named::of(name) {
        Some(Named::Lease) => Subject::Number(51, how, seconds(value)?),
        Some(Named::T1) => Subject::Number(58, how, seconds(value)?),
        Some(Named::T2) => Subject::Number(59, how, seconds(value)?),
        Some(Named::Address) => {
            let net = if value.contains('/') {
                value.parse().ok()
            } else {
                value.parse().ok().map(|ip| Prefix::of(ip, 32))
            };
            Subject::Address(
                net.ok_or_else(|| compared.wrong("an address, or a network such as 10.0.0.0/24"))?,
                compared.equal()?,
            )
        }
        Some(Named::Server) => {
            let server: Ipv4Addr = value.parse().map_err(|_| compared.wrong("an IPv4 address"))?;
            Subject::Server(server.to_string(), compared.equal()?)
        }
        Some(Named::NextServer) => Subject::NextServer(
            value.parse().map_err(|_| compared.wrong("an IPv4 address"))?,
            compared.equal()?,
        ),
        _ if how == Comparison::Is => return option(text),
        _ if how == Comparison::IsNot => return option(&format!("!{name}={value}")),
        _ => {
            let row = v4::SPACE.code(name).and_then(|code| v4::SPACE.by_code(code));
            let row = row.ok_or_else(|| format!("{name:?} is no option; see dhcptool options"))?;
            let number = match row.kind {
                Kind::Seconds | Kind::Lifetime => seconds(value)?,
                _ => value.parse().map_err(|_| compared.wrong("a number"))?,
            };
            Subject::Number(row.code, how, number)
        }
    })
}

/// Seconds: `1h`, `3600`, `infinite`.
fn seconds(text: &str) -> Result<u64, String> {
    if text == Lease(u32::MAX).to_string() {
        return Ok(u32::MAX.into());
    }
    duration(text).map(|time| time.as_secs())
}

/// A test of an option, as selections write it.
fn option(text: &str) -> Result<Subject, String> {
    let wanted = parse_option(text).map_err(|failure| failure.message.unwrap_or_default())?;
    Ok(Subject::Option(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::expect::{Offered, Said};
    use crate::wire::Mac;
    use crate::wire::v4::{Message, MessageType, Xid};

    fn parse(text: &str) -> Result<Expectation, Failure> {
        parse_as(text, subject)
    }

    #[test]
    fn a_file_that_expects_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let expect = vec![path.to_str().unwrap().to_owned()];
            ExpectArgs { expect, junit: None }.read(false)
        };
        assert_eq!(read("lease = \">=1h\"\n").unwrap().len(), 1);
        for text in ["", "# nothing yet\n", "expect = []\n"] {
            let failure = read(text).unwrap_err();
            assert!(failure.message.unwrap().contains("expects nothing"), "{text:?}");
        }
    }

    #[test]
    fn a_boot_file_is_met_wherever_it_stands() {
        let offer = offer();
        let offered = [Offered { server: None, said: Said::Four(&offer), latency: None }];
        for (text, met) in
            [("bootfile-name=boot", true), ("67=other", false), ("!bootfile-name", false), ("66=x", false)]
        {
            assert_eq!(parse(text).unwrap().check(&offered).met, met, "{text}");
        }
    }

    fn offer() -> Message {
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        let mut offer = Message::reply(MessageType::OFFER, &request);
        offer.yiaddr = [10, 0, 0, 50].into();
        offer.file[..4].copy_from_slice(b"boot");
        offer.set_option(51, &7200_u32.to_be_bytes());
        offer.set_option(3, &[10, 0, 0, 1, 10, 0, 0, 2]);
        offer.set_option(15, b"la\x1bb");
        offer.set_option(26, &1500_u16.to_be_bytes());
        offer
    }

    fn check(text: &str) -> (bool, String) {
        let message = offer();
        let offered = Offered {
            server: Some("10.0.0.1".to_owned()),
            said: Said::Four(&message),
            latency: Some(5_000_000),
        };
        let checked = parse(text).unwrap().check(&[offered]);
        (checked.met, checked.found)
    }

    #[test]
    fn what_holds_is_met() {
        for text in [
            "servers=1",
            "offers>=1",
            "lease>=1h",
            "lease=2h",
            "lease<infinite",
            "lease!=1h",
            "routers=10.0.0.2",
            "routers=10.0.0.1,10.0.0.2",
            "routers!=10.0.0.9",
            "!wpad",
            "3",
            "interface-mtu>=1400",
            "address=10.0.0.0/24",
            "address!=10.0.1.0/24",
            "server=10.0.0.1",
            "boot-file=boot",
            "boot-file",
            "boot-file~^bo+t$",
            "boot-file!~pxe",
            "!boot-file~pxe",
            "!server-name",
            "server-name!=x",
            "next-server=0.0.0.0",
            "latency<=10ms",
            "domain-name~^la",
        ] {
            assert_eq!(check(text), (true, String::new()), "{text}");
        }
    }

    #[test]
    fn what_fails_says_what_was_found() {
        for (text, found) in [
            ("servers=2", "1 (10.0.0.1)"),
            ("offers>1", "1 (10.0.0.1)"),
            ("lease>=1d", "10.0.0.1 says 2h"),
            ("routers=10.0.0.9", "10.0.0.1 says 10.0.0.1, 10.0.0.2"),
            ("wpad", "10.0.0.1 says nothing"),
            ("boot-file=other", "10.0.0.1 says boot"),
            ("!boot-file", "10.0.0.1 says boot"),
            ("boot-file~^pxe", "10.0.0.1 says boot"),
            ("server-name", "10.0.0.1 says nothing"),
            ("domain-name=lab", "10.0.0.1 says la\\x1bb"),
            ("T1<=30m", "10.0.0.1 says nothing"),
            ("latency<1ms", "10.0.0.1 says 5.000 ms"),
        ] {
            assert_eq!(check(text), (false, found.to_owned()), "{text}");
        }
        assert_eq!(parse("3").unwrap().check(&[]).found, "nobody offered");
        assert!(parse("servers=0").unwrap().check(&[]).met);
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_words() {
        for (text, want) in [
            ("servers=many", "not a number"),
            ("no-such-thing=1", "no-such-thing"),
            ("lease>=soon", "write it as"),
            ("server>10.0.0.1", "compare it with ="),
            ("address=10.0.0.1/24", "such as 10.0.0.0/24"),
            ("no-such-thing>1", "dhcptool options"),
            ("boot-file>1", "compare it with =, != or ~"),
            ("boot-file~(", "regular expression"),
        ] {
            let failure = parse(text).unwrap_err().message.unwrap();
            assert!(failure.contains(want) && failure.starts_with("--expect"), "{failure}");
        }
    }

    #[test]
    fn dhcpv6_has_its_own() {
        use crate::wire::v6::message::{ia, ia_addr, ia_prefix};
        use crate::wire::v6::{Message, MessageType};
        let mut advertise = Message::new(MessageType::ADVERTISE, 7);
        let lease = ia_addr("2001:db8::5".parse().unwrap(), 1800, 3600, &[]);
        advertise.add_option(3, ia(1, 900, 1440, &[lease]));
        let other = ia_addr("2001:db8::6".parse().unwrap(), 1800, 3600, &[]);
        advertise.add_option(3, ia(2, 900, 1440, &[other]));
        let prefix = ia_prefix("2001:db8:7::".parse().unwrap(), 56, 1800, 7200, &[]);
        advertise.add_option(25, ia(1, 900, 1440, &[prefix]));
        advertise.add_option(7, [5]);
        advertise.add_option(23, [0xfd; 16]);
        let bytes = advertise.encode();
        let check = |text: &str| {
            let offered =
                Offered { server: Some("0003000109".to_owned()), said: Said::Six(&bytes), latency: Some(5) };
            let checked = parse_as(text, subject6).unwrap().check(&[offered]);
            (checked.met, checked.found)
        };
        for text in [
            "servers=1",
            "latency<1ms",
            "lease=1h",
            "preferred>=30m",
            "T1=15m",
            "t2<1h",
            "preference=5",
            "address=2001:db8::/64",
            "address!=2001:db9::/64",
            "prefix=2001:db8::/32",
            "server=0003000109",
            "dns-servers=fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd",
            "!sntp-servers",
            "ia-pd",
        ] {
            assert_eq!(check(text), (true, String::new()), "{text}");
        }
        for (text, found) in [
            ("lease>=2h", "0003000109 says 1h"),
            ("address=2001:db9::/64", "0003000109 says 2001:db8::5, 2001:db8::6"),
            ("address=2001:db8::6", "0003000109 says 2001:db8::5, 2001:db8::6"),
            ("address!=2001:db8::6", "0003000109 says 2001:db8::5, 2001:db8::6"),
            ("prefix=2001:db8:7::/60", "0003000109 says 2001:db8:7::/56"),
            ("server=0003000108", "0003000109 says 0003000109"),
            ("preference=255", "0003000109 says 5"),
            ("sntp-servers", "0003000109 says nothing"),
        ] {
            assert_eq!(check(text), (false, found.to_owned()), "{text}");
        }
        for (text, want) in [
            ("routers=10.0.0.1", "no option of DHCPv6"),
            ("address=10.0.0.0/24", "such as 2001:db8::/64"),
            ("server=10.0.0.1", "not a DUID"),
            ("dns-servers>1", "no number"),
        ] {
            let failure = parse_as(text, subject6).unwrap_err().message.unwrap();
            assert!(failure.contains(want), "{failure}");
        }
    }

    #[test]
    fn a_file_holds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lan.toml");
        let text = "servers = 1\nlease = \">=1h\"\nrouters = [\"10.0.0.1\", \"10.0.0.2\"]\nwpad = false\n\
                    domain-name-servers = \"10.0.0.53\"\nexpect = [\"offers>=1\"]\n";
        std::fs::write(&path, text).unwrap();
        let mut read = from_file(&path).unwrap();
        read.sort();
        assert_eq!(
            read,
            [
                "!wpad",
                "domain-name-servers=10.0.0.53",
                "lease>=1h",
                "offers>=1",
                "routers=10.0.0.1,10.0.0.2",
                "servers=1"
            ]
        );
        std::fs::write(&path, "x = 1.5").unwrap();
        assert!(from_file(&path).unwrap_err().message.unwrap().contains("write text"));
    }
}
