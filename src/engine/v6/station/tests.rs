//! A station beside servers and neighbours.

mod answers;
mod neighbours;

use super::*;
use crate::engine::v6::recipe::{IaWish, Recipe6};
use crate::time::Timestamp;
use crate::wire::neighbor::link_local;
use crate::wire::options::v6 as opt;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Message, MessageType};

const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);
const SERVER: Mac = Mac([2, 0, 0, 0, 0, 9]);

fn recipe() -> Recipe6 {
    Recipe6 { ias: vec![IaWish::new(IaKind::Na, 5)], ..Recipe6::new(MAC, link_local(MAC), 7) }
}

fn draft(recipe: &Recipe6) -> Draft6 {
    recipe.draft(recipe.message(MessageType::SOLICIT, &recipe.ias, None, 0))
}

fn station(recipe: &Recipe6, foreign: bool) -> Station6 {
    let mut station = Station6::new(&draft(recipe), recipe.duid.clone(), foreign);
    station.expect(0, Some(recipe.xid));
    station
}

fn advertise() -> Message {
    let mut message = Message::new(MessageType::ADVERTISE, 7);
    message.add_option(opt::CLIENTID, Duid::link_layer(MAC).0);
    message.add_option(opt::SERVERID, [0, 3, 0, 1, 9]);
    message
}

fn arrival(frame: &[u8]) -> Arrival<'_> {
    Arrival::whole(Instant::new(1, 0), Timestamp::default(), frame)
}
