//! From signs to causes: what a doctor concludes of all that was seen, heard and tried.

pub mod codes;

use crate::analysis::diagnosis;
use crate::analysis::findings6::is_code;
use crate::wire::problem::Severity;

/// Something that was found, by whatever check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Its code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line, with the numbers.
    pub summary: String,
    /// What to do.
    pub advice: &'static str,
    /// What it rests on, a line each.
    pub evidence: Vec<String>,
    /// The frames it rests on, by their number in what was heard.
    pub frames: Vec<u64>,
}

impl Sign {
    /// A sign of this code, the doctor's own or one of a diagnosis; none where no table knows it.
    pub fn of(code: &str, summary: impl Into<String>) -> Option<Self> {
        diagnosis::find(code).map(|row| Self::said(row.id, summary))
    }

    /// A sign of what a diagnosis says.
    pub fn said(id: diagnosis::Id, summary: impl Into<String>) -> Self {
        Self {
            code: id.name(),
            severity: id.severity(),
            summary: summary.into(),
            advice: id.advice(),
            evidence: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// The same with a line of evidence.
    #[must_use]
    pub fn because(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    fn is_alarm(&self) -> bool {
        matches!(self.severity, Severity::Error | Severity::Warning)
    }
}

/// How an examination ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoctorVerdict {
    /// All that was tried works.
    Healthy,
    /// Something is wrong, and it has a name.
    Problem,
    /// It does not work, and nothing that was seen says why.
    Unclear,
    /// It could not be looked.
    Unable,
}

impl DoctorVerdict {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Problem => "problem",
            Self::Unclear => "unclear",
            Self::Unable => "unable",
        }
    }
}

/// All signs, sorted into what matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// How it ended.
    pub verdict: DoctorVerdict,
    /// The first cause.
    pub cause: Option<Sign>,
    /// What the first cause explains, by its codes.
    pub explains: Vec<&'static str>,
    /// Further causes.
    pub also: Vec<Sign>,
    /// What is worth knowing.
    pub notes: Vec<Sign>,
}

/// Where a code stands in the order of causes: local, link, silence, refusal, quality. Within a stage the order is that of
/// this list.
const ORDER: &[&[&str]] = &[
    &[
        "link-down",
        "no-carrier",
        "no-right",
        "frames-not-leaving",
        "interface-enslaved",
        "two-clients",
        "host-drops-replies",
    ],
    &["port-unauthorised", "slow-start", "vlan-crossed"],
    &[
        "pool-exhausted",
        "starvation",
        "per-client",
        "giaddr-unserved",
        "relay-drops-reply",
        "option-82-not-echoed",
        "relay-loop",
        "server-silent",
        "xid-mismatch",
        "reply-misdirected",
        "answer-too-slow",
        "no-answer",
        "mac-filtered",
    ],
    &[
        "nak-after-offer",
        "nak-by-other-server",
        "ack-by-other-server",
        "ack-other-address",
        "server-id-missing",
        "no-ack",
    ],
    &[
        "wrong-mac",
        "wrong-address",
        "wrong-relay",
        "wrong-vlan",
        "unknown-server",
        "proxy-arp",
        "address-conflict",
        "servers-disagree",
        "gateway-two-macs",
        "router-off-subnet",
        "gateway-silent",
    ],
];

/// Notes without which a cause is half told.
const BESIDE: &[&str] = &["everybody", "vlan-seen", "lossy", "mac-churn", "stale-address-not-refused"];

fn rank(code: &str) -> (usize, usize) {
    for (stage, codes) in ORDER.iter().enumerate() {
        if let Some(place) = codes.iter().position(|other| *other == code) {
            return (stage, place);
        }
    }
    (ORDER.len(), 0)
}

/// What a code explains: the consequences that need no cause of their own.
pub fn explains(code: &str) -> &'static [&'static str] {
    const SILENCE: &[&str] = &["no-answer", "no-answer-seen", "everybody", "offer-ignored"];
    match code {
        "link-down" | "no-carrier" | "no-right" => &[
            "no-answer",
            "no-answer-seen",
            "everybody",
            "frames-not-leaving",
            "self-assigned",
            "no-default-route",
            "lease-expired",
        ],
        "frames-not-leaving"
        | "port-unauthorised"
        | "vlan-crossed"
        | "per-client"
        | "relay-loop"
        | "giaddr-unserved"
        | "relay-drops-reply"
        | "option-82-not-echoed"
        | "xid-mismatch" => SILENCE,
        "slow-start" => &["no-answer", "no-answer-seen", "everybody", "answer-too-slow"],
        "answer-too-slow" => &["no-answer", "no-answer-seen", "everybody", "server-checks-address"],
        "pool-exhausted" => &["no-answer", "no-answer-seen", "everybody", "server-silent"],
        "starvation" => {
            &["no-answer", "no-answer-seen", "everybody", "pool-exhausted", "server-silent", "client-storm"]
        }
        "host-drops-replies" => &["offer-ignored", "client-running"],
        "pxe-4011-silent" => &["pxe-no-boot-file"],
        "reply-checksum-bad" => &["offer-ignored", "udp-checksum-bad"],
        "proxy-arp" => &["address-conflict", "decline-storm", "gateway-two-macs", "duplicate-address"],
        "server-id-missing" | "lease-time-missing" => &["offer-ignored"],
        "address-conflict" => &["duplicate-address"],
        "nak-after-offer" | "nak-by-other-server" => &["nak-loop"],
        "ack-other-address" => &["nak-loop", "nak-ignored"],
        "router-off-subnet" => &["gateway-silent"],
        "dns-unusable" => &["dns-silent"],
        "servers-disagree" => &["several-servers"],
        // Who should not be there says other things, of course.
        "unknown-server" => &["servers-disagree", "several-servers"],
        "offer-ignored" | "stale-address-not-refused" => &["no-answer-seen"],
        "icmp-refused" => &["renewal-unanswered"],
        "lifetime-inverted" => &["t2-after-valid"],
        "address-not-global" => &["address-not-on-link"],
        "m-flag-no-server" => &["o-flag-no-answer", "dns-missing"],
        _ => &[],
    }
}

/// Sorts `signs` into a cause and what else there is. `works` says whether the host could get and use a lease: where it
/// could not and nothing says why, it is unclear.
pub fn conclude(signs: Vec<Sign>, works: bool) -> Conclusion {
    let mut all: Vec<Sign> = Vec::new();
    for sign in signs {
        match all.iter_mut().find(|other| other.code == sign.code) {
            Some(known) => {
                known.evidence.extend(
                    sign.evidence
                        .into_iter()
                        .filter(|line| !known.evidence.contains(line))
                        .collect::<Vec<_>>(),
                );
                known.frames.extend(sign.frames);
            }
            None => all.push(sign),
        }
    }
    let explained: Vec<&'static str> =
        all.iter().filter(|sign| sign.is_alarm()).flat_map(|sign| explains(sign.code)).copied().collect();
    let (alarms, notes): (Vec<Sign>, Vec<Sign>) = all.into_iter().partition(Sign::is_alarm);
    let (mut causes, consequences): (Vec<Sign>, Vec<Sign>) =
        alarms.into_iter().partition(|sign| !explained.contains(&sign.code));
    // What is wrong with IPv6 stands behind what is as bad with IPv4: it was asked about first.
    causes.sort_by_key(|sign| (rank(sign.code), sign.severity != Severity::Error, is_code(sign.code)));
    let mut causes = causes.into_iter();
    let mut cause = causes.next();
    let mut explains_codes = Vec::new();
    if let Some(cause) = &mut cause {
        for one in consequences.iter().filter(|one| explains(cause.code).contains(&one.code)) {
            cause.evidence.push(one.summary.clone());
            explains_codes.push(one.code);
        }
        for note in notes.iter().filter(|note| explains(cause.code).contains(&note.code)) {
            explains_codes.push(note.code);
        }
    }
    // Notes that narrow the cause down stand beside it, and so does what is worth knowing of IPv6.
    let (beside, notes): (Vec<Sign>, Vec<Sign>) =
        notes.into_iter().partition(|note| BESIDE.contains(&note.code) || is_code(note.code));
    let verdict = match &cause {
        Some(_) => DoctorVerdict::Problem,
        None if works => DoctorVerdict::Healthy,
        None => DoctorVerdict::Unclear,
    };
    Conclusion { verdict, cause, explains: explains_codes, also: causes.chain(beside).collect(), notes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(code: &'static str, severity: Severity) -> Sign {
        Sign {
            code,
            severity,
            summary: code.to_owned(),
            advice: "",
            evidence: Vec::new(),
            frames: Vec::new(),
        }
    }

    #[test]
    fn ipv6_stands_behind_ipv4() {
        let signs = || {
            vec![
                sign("slaac-broken", Severity::Error),
                sign("routers-disagree", Severity::Warning),
                sign("dns-silent", Severity::Warning),
                sign("pd-refused", Severity::Note),
            ]
        };
        let codes = |signs| {
            let conclusion = conclude(signs, true);
            conclusion.cause.iter().chain(&conclusion.also).map(|sign| sign.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(signs()), ["slaac-broken", "dns-silent", "routers-disagree", "pd-refused"]);
        let mut worse = signs();
        worse.push(sign("lease-time-missing", Severity::Error));
        assert_eq!(codes(worse)[..2], ["lease-time-missing", "slaac-broken"]);
        let mut silent = signs();
        silent.push(sign("no-answer", Severity::Warning));
        assert_eq!(codes(silent)[..2], ["no-answer", "slaac-broken"]);
        let healthy = conclude(vec![sign("pd-refused", Severity::Note)], true);
        assert_eq!(healthy.verdict, DoctorVerdict::Healthy);
    }

    #[test]
    fn every_finding_of_ipv6_has_an_advice() {
        for rule in crate::analysis::findings6::rules::RULES {
            let row = diagnosis::find(rule.code).unwrap_or_else(|| panic!("{} has no row", rule.code));
            assert_eq!(
                (row.id.severity(), row.id.reference()),
                (rule.severity, rule.reference),
                "{}",
                rule.code
            );
        }
    }

    #[test]
    fn local_causes_come_before_silence_and_explain_it() {
        let signs = vec![
            sign("no-answer", Severity::Warning),
            sign("everybody", Severity::Note),
            sign("frames-not-leaving", Severity::Error),
            sign("mac-churn", Severity::Warning),
        ];
        let end = conclude(signs, false);
        assert_eq!(end.verdict, DoctorVerdict::Problem);
        assert_eq!(end.cause.unwrap().code, "frames-not-leaving");
        assert_eq!(end.explains, ["no-answer", "everybody"]);
        assert_eq!(end.also.iter().map(|sign| sign.code).collect::<Vec<_>>(), ["mac-churn", "everybody"]);
    }

    #[test]
    fn notes_alone_leave_a_host_healthy_and_silence_without_a_sign_is_unclear() {
        let note = || vec![sign("lossy", Severity::Note)];
        assert_eq!(conclude(note(), true).verdict, DoctorVerdict::Healthy);
        assert_eq!(conclude(note(), false).verdict, DoctorVerdict::Unclear);
    }

    #[test]
    fn the_same_code_twice_is_one_sign_with_all_evidence() {
        let one = sign("dns-silent", Severity::Warning).because("10.0.0.2");
        let two = sign("dns-silent", Severity::Warning).because("10.0.0.3");
        let end = conclude(vec![one, two], true);
        assert_eq!(end.cause.unwrap().evidence, ["10.0.0.2", "10.0.0.3"]);
        assert!(end.also.is_empty());
    }

    #[test]
    fn every_code_stands_once() {
        let mut names: Vec<&str> = codes::ROWS.iter().map(|row| row.id.name()).collect();
        assert_eq!(names.len(), 27);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 27);
    }
}
