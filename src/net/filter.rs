//! A kernel filter for sockets that carry load: only the answers of one's own lane come through.
//!
//! A classic BPF program (Linux `Documentation/networking/filter.rst`). VLAN tags have been taken out of arriving frames
//! before it sees them; a frame that still has one, as those sent have, is let through unseen.
#![allow(
    unsafe_code,
    reason = "SO_ATTACH_FILTER takes a struct with a raw pointer, and nix has no wrapper for it"
)]

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::libc;

use crate::wire::frame::Protocol;

/// What is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of this protocol.
    pub protocol: Protocol,
    /// Frames that this machine sent (through another socket), else frames that arrived.
    pub outgoing: bool,
    /// Of DHCP messages, those to this UDP port.
    pub port: u16,
    /// Of those, the ones whose transaction identifier has these bits (mask, value).
    pub lane: (u32, u32),
    /// ARP and ICMP too; in DHCPv6 ICMPv6.
    pub probes: bool,
}

const LOAD_WORD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const LOAD_HALF: u16 = 0x28; // BPF_LD | BPF_H | BPF_ABS
const LOAD_BYTE: u16 = 0x30; // BPF_LD | BPF_B | BPF_ABS
const LOAD_WORD_INDEXED: u16 = 0x40; // BPF_LD | BPF_W | BPF_IND
const LOAD_HALF_INDEXED: u16 = 0x48; // BPF_LD | BPF_H | BPF_IND
const LOAD_HEADER_LEN: u16 = 0xb1; // BPF_LDX | BPF_B | BPF_MSH
const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_ANY_BIT: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K
/// `SKF_AD_OFF + SKF_AD_PKTTYPE`.
const PACKET_TYPE: u32 = 0xffff_f004;
const PACKET_OUTGOING: u32 = 4;
/// Bytes kept of a frame.
const KEEP: u32 = 0xffff;

/// One instruction: code, constant, and how many instructions to skip when a test holds and when it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    code: u16,
    k: u32,
    yes: Go,
    no: Go,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Go {
    Next,
    Skip(u8),
    Accept,
    Refuse,
}

impl Filter {
    fn steps(&self) -> Vec<Step> {
        let plain = |code, k| Step { code, k, yes: Go::Next, no: Go::Next };
        let test = |code, k, yes, no| Step { code, k, yes, no };
        let refuse_or = |wanted: bool| if wanted { (Go::Next, Go::Refuse) } else { (Go::Refuse, Go::Next) };
        let (sent, arrived) = refuse_or(self.outgoing);
        let probe = if self.probes { Go::Accept } else { Go::Refuse };
        let mut steps = vec![
            plain(LOAD_WORD, PACKET_TYPE),
            test(JUMP_EQUAL, PACKET_OUTGOING, sent, arrived),
            plain(LOAD_HALF, 12),
        ];
        let tagged = [
            test(JUMP_EQUAL, 0x8100, Go::Accept, Go::Next),
            test(JUMP_EQUAL, 0x88a8, Go::Accept, Go::Refuse),
        ];
        let lane = [plain(AND, self.lane.0), test(JUMP_EQUAL, self.lane.1, Go::Accept, Go::Refuse)];
        if self.protocol == Protocol::Dhcpv4 {
            steps.extend([
                test(JUMP_EQUAL, 0x0800, Go::Skip(3), Go::Next),
                test(JUMP_EQUAL, 0x0806, probe, Go::Next),
            ]);
            steps.extend(tagged);
            steps.extend([
                plain(LOAD_BYTE, 23),
                test(JUMP_EQUAL, 1, probe, Go::Next),
                test(JUMP_EQUAL, 17, Go::Next, Go::Refuse),
                plain(LOAD_HALF, 20),
                test(JUMP_ANY_BIT, 0x3fff, Go::Refuse, Go::Next),
                plain(LOAD_HEADER_LEN, 14),
                plain(LOAD_HALF_INDEXED, 16),
                test(JUMP_EQUAL, u32::from(self.port), Go::Next, Go::Refuse),
                plain(LOAD_WORD_INDEXED, 26),
            ]);
        } else {
            // A packet with extension headers is none that servers send; one that has them is not looked into.
            steps.push(test(JUMP_EQUAL, 0x86dd, Go::Skip(2), Go::Next));
            steps.extend(tagged);
            steps.extend([
                plain(LOAD_BYTE, 20),
                test(JUMP_EQUAL, 58, probe, Go::Next),
                test(JUMP_EQUAL, 17, Go::Next, Go::Refuse),
                plain(LOAD_HALF, 56),
                test(JUMP_EQUAL, u32::from(self.port), Go::Next, Go::Refuse),
                plain(LOAD_WORD, 62),
            ]);
        }
        steps.extend(lane);
        steps
    }

    fn program(&self) -> Vec<libc::sock_filter> {
        let steps = self.steps();
        let accept = steps.len();
        let mut program: Vec<libc::sock_filter> = steps
            .iter()
            .enumerate()
            .map(|(index, step)| {
                let after = index.saturating_add(1);
                let jump = |go| match go {
                    Go::Next => 0,
                    Go::Skip(count) => count,
                    Go::Accept => u8::try_from(accept.saturating_sub(after)).unwrap_or(0),
                    Go::Refuse => u8::try_from(accept.saturating_add(1).saturating_sub(after)).unwrap_or(0),
                };
                libc::sock_filter { code: step.code, jt: jump(step.yes), jf: jump(step.no), k: step.k }
            })
            .collect();
        for keep in [KEEP, 0] {
            program.push(libc::sock_filter { code: RETURN, jt: 0, jf: 0, k: keep });
        }
        program
    }

    /// Attaches the filter to a socket.
    pub fn attach(&self, socket: BorrowedFd<'_>) -> nix::Result<()> {
        let mut program = self.program();
        let Ok(len) = u16::try_from(program.len()) else { return Err(nix::Error::EINVAL) };
        let given = libc::sock_fprog { len, filter: program.as_mut_ptr() };
        let size = libc::socklen_t::try_from(size_of::<libc::sock_fprog>()).unwrap_or(0);
        // SAFETY: `given` and the `len` instructions it points to live until the call returns, by when the kernel has
        // copied them; `size` is the size of `given`; the descriptor is open because it is borrowed.
        let result = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                std::ptr::from_ref(&given).cast(),
                size,
            )
        };
        nix::errno::Errno::result(result)?;
        if !self.outgoing {
            ignore_outgoing(socket);
        }
        Ok(())
    }
}

/// Tells the kernel not even to copy for this socket what other sockets send (Linux 4.20); the filter would refuse it
/// anyway, so a kernel that cannot is no loss but of time.
fn ignore_outgoing(socket: BorrowedFd<'_>) {
    let yes: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(0);
    // SAFETY: `yes` lives until the call returns and `size` is its size; the descriptor is open because it is borrowed.
    let _ = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_IGNORE_OUTGOING,
            std::ptr::from_ref(&yes).cast(),
            size,
        )
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

    use super::*;

    /// Runs the program as the kernel would; true when the frame is let through.
    fn passes(filter: &Filter, frame: &[u8], outgoing: bool) -> bool {
        let program = filter.program();
        let word = |at: usize, len: usize| -> Option<u32> {
            Some(frame.get(at..at + len)?.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
        };
        let (mut a, mut x, mut pc) = (0_u32, 0_usize, 0_usize);
        loop {
            let step = program[pc];
            let at = usize::try_from(step.k).unwrap();
            pc += 1;
            let loaded = match step.code {
                LOAD_WORD if step.k == PACKET_TYPE => Some(if outgoing { 4 } else { 0 }),
                LOAD_WORD => word(at, 4),
                LOAD_HALF => word(at, 2),
                LOAD_BYTE => word(at, 1),
                LOAD_WORD_INDEXED => word(at + x, 4),
                LOAD_HALF_INDEXED => word(at + x, 2),
                LOAD_HEADER_LEN => {
                    let Some(byte) = frame.get(at) else { return false };
                    x = usize::from(byte & 15) * 4;
                    Some(a)
                }
                AND => Some(a & step.k),
                JUMP_EQUAL | JUMP_ANY_BIT => {
                    let holds = if step.code == JUMP_EQUAL { a == step.k } else { a & step.k != 0 };
                    pc += usize::from(if holds { step.jt } else { step.jf });
                    Some(a)
                }
                RETURN => return step.k > 0,
                other => panic!("{other:#x}"),
            };
            match loaded {
                Some(value) => a = value,
                None => return false,
            }
        }
    }

    fn answer() -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0, 1, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend([0, 67, 0, 68, 0, 0, 0, 0, 2, 1, 6, 0, 0xaa, 0xbb, 0xcc, 0xd2]);
        frame
    }

    const ANSWERS: Filter =
        Filter { protocol: Protocol::Dhcpv4, outgoing: false, port: 68, lane: (3, 2), probes: false };
    const ANSWERS6: Filter = Filter { protocol: Protocol::Dhcpv6, port: 546, ..ANSWERS };

    #[test]
    fn answers_of_dhcpv6_pass_and_neighbors_where_wanted() {
        let mut frame = vec![0; 12];
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 12, 17, 64]);
        frame.extend([0xfe; 32]);
        frame.extend([2, 35, 2, 34, 0, 12, 0, 0, 7, 0xaa, 0xbb, 0xce]);
        assert!(passes(&ANSWERS6, &frame, false));
        assert!(passes(&Filter { outgoing: true, ..ANSWERS6 }, &frame, true));
        for other in [
            Filter { lane: (3, 1), ..ANSWERS6 },
            Filter { port: 547, ..ANSWERS6 },
            Filter { outgoing: true, ..ANSWERS6 },
            ANSWERS,
        ] {
            assert!(!passes(&other, &frame, false), "{other:?}");
        }
        for len in 0..frame.len() {
            assert!(!passes(&ANSWERS6, &frame[..len], false), "{len}");
        }
        frame[20] = 58;
        assert!(!passes(&ANSWERS6, &frame, false));
        assert!(passes(&Filter { probes: true, ..ANSWERS6 }, &frame, false));
        frame[12..14].copy_from_slice(&[0x81, 0]);
        assert!(passes(&ANSWERS6, &frame, false), "behind a tag it is not looked into");
        assert!(!passes(&ANSWERS6, &answer(), false));
    }

    #[test]
    fn answers_of_the_lane_pass() {
        let frame = answer();
        assert!(passes(&ANSWERS, &frame, false));
        assert!(!passes(&ANSWERS, &frame, true), "sent, not received");
        assert!(passes(&Filter { outgoing: true, ..ANSWERS }, &frame, true));
        assert!(!passes(&Filter { lane: (3, 1), ..ANSWERS }, &frame, false));
        assert!(passes(&Filter { lane: (0, 0), ..ANSWERS }, &frame, false));
        assert!(!passes(&Filter { port: 67, ..ANSWERS }, &frame, false));
        for len in 0..frame.len() {
            assert!(!passes(&ANSWERS, &frame[..len], false), "{len}");
        }
    }

    #[test]
    fn other_frames_pass_only_where_wanted() {
        let probes = Filter { probes: true, ..ANSWERS };
        let with = |at: usize, bytes: &[u8]| {
            let mut frame = answer();
            frame[at..at + bytes.len()].copy_from_slice(bytes);
            frame
        };
        for (frame, quiet, curious) in [
            (with(12, &[8, 6]), false, true),
            (with(23, &[1]), false, true),
            (with(23, &[6]), false, false),
            (with(20, &[0x20]), false, false),
            (with(12, &[0x81, 0]), true, true),
            (with(12, &[0x88, 0xa8]), true, true),
            (with(12, &[0x86, 0xdd]), false, false),
            (with(14, &[0x46]), false, false),
        ] {
            assert_eq!(passes(&ANSWERS, &frame, false), quiet, "{frame:02x?}");
            assert_eq!(passes(&probes, &frame, false), curious, "{frame:02x?}");
        }
    }

    #[test]
    fn the_kernel_takes_the_program() {
        let (one, _two) = std::os::unix::net::UnixDatagram::pair().unwrap();
        ANSWERS.attach(std::os::fd::AsFd::as_fd(&one)).unwrap();
    }
}
