//! In what servers differ.

use std::collections::BTreeMap;

use super::record::record;
use super::text::server_name;
use crate::engine::v6::station::Answer6;
use crate::output::answers::{Difference, Place, unlike};
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

/// Each option that not all answers have alike, and the times of their leases. The leases themselves always differ and are left out.
pub fn differences(answers: &[Answer6], place: &Place<'_>) -> Vec<Difference> {
    let mut fields: BTreeMap<(u16, String), Vec<String>> = BTreeMap::new();
    let mut set = |index: usize, field: (u16, String), text: String| {
        let texts = fields.entry(field).or_insert_with(|| vec![String::new(); answers.len()]);
        if let Some(slot) = texts.get_mut(index) {
            if !slot.is_empty() {
                slot.push_str("; ");
            }
            slot.push_str(&text);
        }
    };
    for (index, answer) in answers.iter().enumerate() {
        let facts = answer.facts();
        if let Some(ia) = facts.ias.first() {
            set(index, (0, "t1".to_owned()), ia.t1.to_string());
            set(index, (0, "t2".to_owned()), ia.t2.to_string());
        }
        let addresses = facts.addresses().map(|lease| (lease.preferred, lease.valid));
        if let Some((preferred, valid)) =
            addresses.chain(facts.prefixes().map(|lease| (lease.preferred, lease.valid))).next()
        {
            set(index, (0, "preferred-lifetime".to_owned()), preferred.to_string());
            set(index, (0, "valid-lifetime".to_owned()), valid.to_string());
        }
        if let Some(prefix) = facts.prefixes().next() {
            set(index, (0, "prefix-length".to_owned()), prefix.length.to_string());
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
                let name = row.map_or_else(|| span.code.to_string(), |row| row.name.to_owned());
                set(index, (span.code, name), value);
            }
        });
    }
    let servers: Vec<String> = answers.iter().map(server_name).collect();
    unlike(fields, &servers)
}
