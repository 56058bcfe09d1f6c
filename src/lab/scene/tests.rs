//! What a client at the near end sees of each kind of trouble.

use super::*;
use crate::lab::faults::{Faulty, by_name};
use crate::wire::v4::{Message, Xid};

const NEAR: Mac = Mac([2, 0, 0, 0, 1, 0]);

struct Stage {
    scene: Scene,
    now: Instant,
    heard: Vec<Parcel>,
    others: Vec<Vec<u8>>,
}

impl Stage {
    fn with(fault: &str) -> Self {
        Self::with_all(&[fault])
    }

    fn with_all(faults: &[&str]) -> Self {
        let mut lab = Faulty::default();
        for fault in faults {
            by_name(fault).unwrap().apply(&mut lab, None, NEAR).unwrap();
        }
        let now = Instant::new(1_000_000_000, 0);
        let mut scene = Scene::new(lab.settings, lab.plan);
        scene.start(now);
        Self { scene, now, heard: Vec::new(), others: Vec::new() }
    }

    fn take(&mut self) {
        let (arena, spans) = self.scene.ready();
        for span in spans {
            let frame = &arena[span.clone()];
            match Parcel::read(frame) {
                Some(parcel) => self.heard.push(parcel),
                None => self.others.push(frame.to_vec()),
            }
        }
        self.scene.sent();
    }

    fn run(&mut self, time: Duration) {
        let end = self.now.after(time);
        while let Some(due) = self.scene.next_due().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.scene.advance(self.now);
            self.take();
        }
        self.now = end;
    }

    fn say(&mut self, message: Message, addrs: (Ipv4Addr, Ipv4Addr), tags: Vec<u8>) {
        let dst = if addrs.1.is_broadcast() { Mac::BROADCAST } else { Mac([2, 0, 0, 0, 0, 1]) };
        let parcel = Parcel { tags, src: NEAR, dst, addrs, ports: (68, 67), message, bad_checksum: false };
        self.scene.receive(self.now, &parcel.frame());
        self.take();
    }

    fn discover(&mut self, tags: Vec<u8>) {
        let mut message = Message::request(MessageType::DISCOVER, Xid(0x0102_0304), NEAR);
        message.set_broadcast(true);
        message.set_option(opt::DHCP_CLIENT_IDENTIFIER, &[1, 2, 0, 0, 0, 1, 0]);
        self.say(message, (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST), tags);
    }

    fn request(&mut self, address: Ipv4Addr) {
        let mut message = Message::request(MessageType::REQUEST, Xid(0x0102_0304), NEAR);
        message.set_broadcast(true);
        message.set_option(opt::DHCP_REQUESTED_ADDRESS, &address.octets());
        message.set_option(opt::DHCP_SERVER_IDENTIFIER, &[10, 0, 0, 1]);
        message.set_option(opt::DHCP_CLIENT_IDENTIFIER, &[1, 2, 0, 0, 0, 1, 0]);
        self.say(message, (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST), Vec::new());
    }

    fn kinds(&self, mac: Mac) -> Vec<MessageType> {
        let own = self.heard.iter().filter(|parcel| parcel.message.client().mac() == Some(mac));
        own.filter_map(|parcel| parcel.message.message_type()).collect()
    }
}

#[test]
fn a_pool_is_used_up_in_sight_of_all() {
    let mut stage = Stage::with("pool-empty");
    stage.run(Duration::from_secs(2));
    stage.discover(Vec::new());
    stage.run(Duration::from_secs(14));
    assert_eq!(stage.kinds(NEAR), []);
    let fourth = Mac([2, 0, 0, 0, 2, 4]);
    assert_eq!(
        stage.kinds(fourth)[..4],
        [MessageType::DISCOVER, MessageType::OFFER, MessageType::REQUEST, MessageType::ACK]
    );
    let vain = stage.kinds(Mac([2, 0, 0, 0, 2, 5]));
    assert!(vain.len() >= 4 && vain.iter().all(|kind| *kind == MessageType::DISCOVER), "{vain:?}");
}

#[test]
fn who_is_denied_pauses_before_it_begins_again() {
    for neighbours in ["crowd", "pool-empty"] {
        let mut stage = Stage::with_all(&["nak", neighbours]);
        stage.run(Duration::from_secs(5));
        let denied: Vec<_> =
            stage.heard.iter().filter(|one| one.message.message_type() == Some(MessageType::NAK)).collect();
        let of = |mac| denied.iter().filter(|one| one.message.client().mac() == Some(mac)).count();
        let first = denied[0].message.client().mac().unwrap();
        assert!((2..=6).contains(&of(first)), "{neighbours}: {}", of(first));
    }
}

#[test]
fn a_second_server_contradicts_the_first() {
    for (fault, kind) in [("nak-other", MessageType::NAK), ("two-acks", MessageType::ACK)] {
        let mut stage = Stage::with(fault);
        stage.discover(Vec::new());
        let address = stage.heard[0].message.yiaddr;
        stage.request(address);
        let said: Vec<_> =
            stage.heard.iter().filter(|one| one.message.message_type() == Some(kind)).collect();
        let second = said.iter().find(|one| one.message.ip_option(54) == Some([10, 0, 0, 2].into())).unwrap();
        assert_eq!(second.src, Mac([2, 0, 0, 0, 0, 2]));
        assert_eq!(stage.kinds(NEAR).last(), Some(&MessageType::ACK));
    }
}

#[test]
fn replies_are_changed_as_the_fault_says() {
    let offer = |fault: &str| {
        let mut stage = Stage::with(fault);
        stage.discover(Vec::new());
        stage.heard.iter().find(|one| one.message.op == Op::REPLY).cloned().unwrap()
    };
    assert_eq!(offer("bad-xid").message.xid, Xid(0x0403_0201));
    assert_eq!(offer("no-server-id").message.option(54), None);
    assert_eq!(offer("bad-mask").message.ip_option(1), Some([255, 0, 255, 0].into()));
    let unicast = offer("unicast-only");
    assert_eq!((unicast.dst, unicast.addrs.1), (NEAR, unicast.message.yiaddr));
    assert!(!offer("host-route").message.option(121).unwrap().is_empty());
    assert_eq!(offer("bad-client-id").message.option(61).unwrap(), b"02:00:00:00:01:00");
}

#[test]
fn the_checksum_is_wrong_and_the_neighbour_asks_again() {
    let mut stage = Stage::with("bad-checksum");
    stage.run(Duration::from_secs(9));
    let said = stage.kinds(Mac([2, 0, 0, 0, 2, 1]));
    let asked = said.iter().filter(|kind| **kind == MessageType::DISCOVER).count();
    assert!(asked >= 3 && !said.contains(&MessageType::REQUEST), "{said:?}");
}

#[test]
fn relays_drop_or_are_not_served() {
    let mut stage = Stage::with("relay-drops");
    stage.discover(Vec::new());
    let giaddrs: Vec<_> = stage.heard.iter().map(|one| (one.message.op, one.message.giaddr)).collect();
    assert_eq!(giaddrs, [(Op::REQUEST, ROUTER), (Op::REPLY, ROUTER)]);
    assert!(stage.heard[0].message.option(82).is_some() && stage.heard[1].message.option(82).is_none());

    let mut stage = Stage::with("no-pool-for-relay");
    stage.run(Duration::from_millis(2500));
    stage.discover(Vec::new());
    let own = stage.kinds(NEAR);
    assert_eq!(own, [MessageType::DISCOVER]);
    let other = stage.kinds(Mac([2, 0, 0, 0, 2, 1]));
    assert!(other.contains(&MessageType::ACK), "{other:?}");
}

#[test]
fn the_cable_and_the_vlans() {
    let mut stage = Stage::with("stp");
    stage.discover(Vec::new());
    stage.run(Duration::from_secs(16));
    assert_eq!(stage.kinds(NEAR), []);
    assert!(stage.others.iter().filter(|frame| frame[..6] == BPDU[..6]).count() >= 7);
    stage.discover(Vec::new());
    assert_eq!(stage.kinds(NEAR), [MessageType::OFFER]);

    let mut stage = Stage::with("wrong-vlan");
    stage.run(Duration::from_secs(3));
    stage.discover(Vec::new());
    assert_eq!(stage.kinds(NEAR), []);
    assert!(stage.heard.iter().all(|one| one.tags == tag(30)) && stage.heard.len() >= 8);
    stage.discover(tag(30));
    assert_eq!(stage.kinds(NEAR), [MessageType::OFFER]);

    let mut stage = Stage::with("vlan-crossed");
    stage.discover(tag(20));
    assert_eq!(stage.heard[0].tags, tag(30));
}

#[test]
fn what_is_refused_by_icmp_is_quoted() {
    let mut stage = Stage::with("daemon-dead");
    let mut message = Message::request(MessageType::REQUEST, Xid(9), NEAR);
    message.ciaddr = [10, 4, 0, 10].into();
    stage.say(message, ([10, 4, 0, 10].into(), [10, 0, 0, 1].into()), Vec::new());
    let frame = &stage.others[0];
    assert_eq!(frame[34..36], [3, 3]);
    let mut quoted = false;
    Walker::without_reassembly(Ports::default()).walk(LinkType::ETHERNET, frame, frame.len(), 0, |found| {
        quoted = found.quoted;
    });
    assert!(quoted);
}

#[test]
fn a_crowd_is_refused_once_each_and_then_served() {
    let mut stage = Stage::with("crowd");
    stage.run(Duration::from_secs(12));
    for number in 1..=20 {
        let kinds = stage.kinds(Mac([2, 0, 0, 0, 2, number]));
        let naks = kinds.iter().filter(|kind| **kind == MessageType::NAK).count();
        assert_eq!(naks, 1, "{number}: {kinds:?}");
        assert!(kinds.iter().filter(|kind| **kind == MessageType::ACK).count() >= 2, "{number}: {kinds:?}");
    }
}
