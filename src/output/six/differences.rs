//! In what servers differ.

use std::collections::{BTreeMap, BTreeSet};

use super::record::record;
use super::text::server_name;
use crate::engine::v6::station::Answer6;
use crate::output::answers::{Difference, Place, told_apart, unlike};
use crate::output::packet::record6::Message6;
use crate::wire::options::{self, Context, TextSink, v6 as opt};
use crate::wire::v6::Duid;

/// Options that differ between servers by their nature: names, leases, what relays say.
const OWN_NATURE: [u16; 8] = [
    opt::CLIENTID,
    opt::SERVERID,
    opt::IA_NA,
    opt::IA_TA,
    opt::IA_PD,
    opt::STATUS_CODE,
    opt::RELAY_MSG,
    opt::AUTH,
];

/// Options without a name that are compared: a server can make up tens of thousands.
const NAMELESS: usize = 256;

/// The texts of every field, one for each answer.
#[derive(Debug, Default)]
struct Fields {
    texts: BTreeMap<(u16, String), Vec<String>>,
    answers: usize,
    nameless: BTreeSet<u16>,
    /// What was too much.
    left_out: BTreeSet<u16>,
}

impl Fields {
    fn set(&mut self, index: usize, (code, name): (u16, &str), text: &str) {
        let texts =
            self.texts.entry((code, name.to_owned())).or_insert_with(|| vec![String::new(); self.answers]);
        if let Some(slot) = texts.get_mut(index) {
            if !slot.is_empty() {
                slot.push_str("; ");
            }
            slot.push_str(text);
        }
    }

    /// An option; `name` is that of its row.
    fn option(&mut self, index: usize, (code, name): (u16, Option<&str>), text: &str) {
        match name {
            Some(name) => self.set(index, (code, name), text),
            None if self.nameless.len() < NAMELESS || self.nameless.contains(&code) => {
                self.nameless.insert(code);
                self.set(index, (code, &code.to_string()), text);
            }
            None => {
                self.left_out.insert(code);
            }
        }
    }
}

/// Each option that not all answers have alike, and the times of their leases. The leases themselves always differ and are left
/// out. Beside it how many options without a name were too many to compare.
pub fn differences(answers: &[Answer6], place: &Place<'_>) -> (Vec<Difference>, usize) {
    let mut fields = Fields { answers: answers.len(), ..Fields::default() };
    for (index, answer) in answers.iter().enumerate() {
        let facts = answer.facts();
        if let Some(ia) = facts.ias.first() {
            fields.set(index, (0, "t1"), &ia.t1.to_string());
            fields.set(index, (0, "t2"), &ia.t2.to_string());
        }
        let addresses = facts.addresses().map(|lease| (lease.preferred, lease.valid));
        if let Some((preferred, valid)) =
            addresses.chain(facts.prefixes().map(|lease| (lease.preferred, lease.valid))).next()
        {
            fields.set(index, (0, "preferred-lifetime"), &preferred.to_string());
            fields.set(index, (0, "valid-lifetime"), &valid.to_string());
        }
        if let Some(prefix) = facts.prefixes().next() {
            fields.set(index, (0, "prefix-length"), &prefix.length.to_string());
        }
        record(answer, 0, place, &mut |record| {
            let Message6::Dhcp { packet, outline } = record.message else { return };
            for span in outline.options(outline.innermost()).iter().filter(|span| !span.is_truncated()) {
                if OWN_NATURE.contains(&span.code) {
                    continue;
                }
                let row = opt::SPACE.by_code(span.code);
                let data = span.data(&packet);
                let mut text = Vec::new();
                let cx = Context { depth: 1, lax: true, ..Context::default() };
                let read = row.map(|row| {
                    options::decode_at(
                        &row.kind,
                        data,
                        span.data_offset(),
                        &cx,
                        &mut TextSink::pretty(&mut text),
                    )
                });
                let value = if matches!(read, Some(Ok(()))) {
                    String::from_utf8_lossy(&text).into_owned()
                } else {
                    Duid::from(data).to_string()
                };
                fields.option(index, (span.code, row.map(|row| row.name)), &value);
            }
        });
    }
    // One who says nothing of it has 0 (RFC 9915 21.8).
    if let Some(texts) = fields.texts.get_mut(&(opt::PREFERENCE, "preference".to_owned())) {
        texts.iter_mut().filter(|text| text.is_empty()).for_each(|text| text.push('0'));
    }
    let servers = told_apart(answers.iter().map(|answer| (server_name(answer), answer.source_mac)));
    (unlike(fields.texts, &servers), fields.left_out.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn made_up_options_are_compared_up_to_a_number_and_known_ones_always() {
        let mut fields = Fields { answers: 300, ..Fields::default() };
        for index in 0..300_u16 {
            for code in 0..200 {
                fields.option(usize::from(index), (1000 + index * 200 + code, None), "00");
            }
        }
        fields.option(299, (opt::DNS_SERVERS, Some("dns-servers")), "fd00::1");
        fields.option(299, (1000, None), "01");
        assert_eq!((fields.texts.len(), fields.left_out.len()), (NAMELESS + 1, 60_000 - NAMELESS));
        let servers: Vec<Arc<str>> = (0..300).map(|server| format!("server {server}").into()).collect();
        let found = unlike(fields.texts, &servers);
        let dns = found.first().unwrap();
        assert_eq!(dns.field, "dns-servers");
        assert_eq!(dns.values[0].1.len(), 299);
        assert_eq!(dns.values[1], ("fd00::1".to_owned(), vec!["server 299".into()]));
        assert_eq!(found[1].values.len(), 3);
        // A server is named once, whatever the number of differences.
        assert!(Arc::strong_count(&servers[0]) > NAMELESS);
    }
}
