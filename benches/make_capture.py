#!/usr/bin/env python3
"""Write a large capture for measurements: background traffic with a share of DHCP in it.

    make_capture.py mixed.pcap --bytes 1000000000 --dhcp 0.001
    make_capture.py dhcp.pcapng --bytes 500000000 --dhcp 1 --clients 100000
    make_capture.py dhcpv6.pcap --bytes 200000000 --dhcp 1 --six

The format follows the name. Same arguments, same bytes. Prints one JSON object: how many packets, how many of DHCP.
"""
import argparse
import json
import random
import struct


def checksum(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) & 1)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(protocol, src, dst, payload, ident=0):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, 0, 64, protocol, 0, src, dst)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def udp(src, dst, sport, dport, payload):
    length = 8 + len(payload)
    pseudo = src + dst + struct.pack(">HH", 17, length)
    head = struct.pack(">HHH", sport, dport, length)
    total = checksum(pseudo + head + b"\0\0" + payload) or 0xFFFF
    return head + struct.pack(">H", total) + payload


def ethernet(src, dst, packet, vlan=None):
    tag = struct.pack(">HH", 0x8100, vlan) if vlan else b""
    return dst + src + tag + b"\x08\x00" + packet


def option(code, data):
    return bytes([code, len(data)]) + data


class Dhcp:
    """The four messages of an exchange, for as many clients as asked for."""

    SERVER, ROUTER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 254])
    SERVER_MAC, BROADCAST = b"\x02\0\0\0\0\x01", b"\xff" * 6

    def __init__(self, clients):
        self.clients, self.at = clients, 0
        seconds = struct.pack(">I", 86400)
        self.lease = (option(51, seconds) + option(58, struct.pack(">I", 43200)) + option(59, struct.pack(">I", 75600))
                      + option(1, b"\xff\0\0\0") + option(3, self.ROUTER) + option(6, self.SERVER + self.ROUTER)
                      + option(15, b"example.org") + option(42, self.SERVER)
                      + option(119, b"\x07example\x03org\0\x03lab\xc0\x00")
                      + option(121, bytes([24, 10, 1, 2, 10, 0, 0, 253, 0, 10, 0, 0, 254])))
        self.wants = option(55, bytes([1, 3, 6, 15, 42, 51, 58, 59, 119, 121]))

    def frame(self):
        client, step = divmod(self.at, 4)
        self.at += 1
        exchange = client
        client %= self.clients
        mac = b"\x02\x10" + struct.pack(">I", client)
        address = bytes([10, 4 + (client >> 16), client >> 8 & 255, client & 255])
        kind = (1, 2, 3, 5)[step]
        reply = step in (1, 3)
        head = struct.pack(">BBBBIHH", 2 if reply else 1, 1, 6, 0, exchange & 0xFFFFFFFF, 0, 0x8000)
        head += bytes(4) + (address if reply else bytes(4)) + (self.SERVER if reply else bytes(4)) + bytes(4)
        head += mac + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63"
        body = option(53, bytes([kind])) + option(61, b"\x01" + mac)
        if reply:
            body += option(54, self.SERVER) + self.lease
            if client % 3 == 0:
                body += option(82, option(1, b"ge-0/0/%d" % (client % 48)) + option(2, mac))
        else:
            name = b"host-%06d" % client
            body += option(12, name) + option(60, b"MSFT 5.0") + option(57, b"\x05\xdc") + self.wants
            body += option(81, b"\0\0\0" + name + b".example.org")
            if step == 2:
                body += option(50, address) + option(54, self.SERVER)
        message = head + body + b"\xff"
        if reply:
            packet = ipv4(17, self.SERVER, b"\xff" * 4, udp(self.SERVER, b"\xff" * 4, 67, 68, message), client & 65535)
            return ethernet(self.SERVER_MAC, self.BROADCAST, packet)
        packet = ipv4(17, bytes(4), b"\xff" * 4, udp(bytes(4), b"\xff" * 4, 68, 67, message), client & 65535)
        return ethernet(mac, self.BROADCAST, packet)


def option6(code, data):
    return struct.pack(">HH", code, len(data)) + data


class Dhcpv6:
    """The four messages of an exchange of DHCPv6; every third comes through a relay."""

    SERVER, RELAY = bytes.fromhex("fe80000000000000000000fffe000001"), bytes.fromhex("20010db800010000000000000000fffe")
    GROUP, ONE = bytes.fromhex("ff020000000000000000000000010002"), bytes.fromhex("20010db8000100000000000000000001")
    SERVER_MAC, GROUP_MAC = b"\x02\0\0\0\0\x01", b"\x33\x33\0\x01\0\x02"

    def __init__(self, clients):
        self.clients, self.at = clients, 0
        self.server = option6(2, b"\0\1\0\1\x2c\xf0\x11\x22" + self.SERVER_MAC)
        self.told = option6(23, self.ONE + self.RELAY) + option6(24, b"\x07example\x03org\0\x03lab\x07example\x03org\0")
        self.wants = option6(6, struct.pack(">7H", 23, 24, 31, 39, 59, 82, 56))

    def frame(self):
        exchange, step = divmod(self.at, 4)
        self.at += 1
        client = exchange % self.clients
        mac = b"\x02\x10" + struct.pack(">I", client)
        own = b"\xfe\x80" + bytes(6) + mac[:3] + b"\xff\xfe" + mac[3:]
        address = self.ONE[:8] + struct.pack(">II", 0x10000, client + 16)
        prefix = self.ONE[:4] + struct.pack(">I", 0x80000000 | client << 8 & 0x7FFFFF00) + bytes(8)
        reply = step in (1, 3)
        body = option6(1, b"\0\3\0\1" + mac)
        if step:
            body += self.server
        leased = option6(5, address + struct.pack(">II", 3600, 7200)) if step else b""
        delegated = option6(26, struct.pack(">IIB", 3600, 7200, 56) + prefix) if step else b""
        times = struct.pack(">II", 1800, 2880) if reply else bytes(8)
        body += option6(3, mac[2:] + times + leased) + option6(25, mac[2:] + times + delegated)
        if reply:
            body += option6(7, b"\xff") + self.told if step == 1 else self.told
        else:
            body += option6(8, b"\0\0") + self.wants + option6(39, b"\1\x0bhost-%06d\0" % client)
        message = struct.pack(">I", (1, 2, 3, 7)[step] << 24 | exchange & 0xFFFFFF) + body
        if client % 3 == 0:
            head = bytes([13 if reply else 12, 0]) + self.ONE[:15] + b"\2" + own
            message = head + option6(9, message) + option6(18, b"ge-0/0/%d" % (client % 48))
            src, dst, sport, dport = (self.ONE, self.RELAY, 547, 547) if reply else (self.RELAY, self.ONE, 547, 547)
        else:
            src, dst, sport, dport = (self.SERVER, own, 547, 546) if reply else (own, self.GROUP, 546, 547)
        length = 8 + len(message)
        pseudo = src + dst + struct.pack(">IHH", length, 0, 17)
        head = struct.pack(">HHH", sport, dport, length)
        total = checksum(pseudo + head + b"\0\0" + message) or 0xFFFF
        packet = struct.pack(">IHBB", 6 << 28, length, 17, 64) + src + dst + head + struct.pack(">H", total) + message
        macs = (mac, self.SERVER_MAC) if reply else (self.GROUP_MAC, mac)
        return macs[0] + macs[1] + b"\x86\xdd" + packet


def background(rng, count=4096):
    """Frames that are not DHCP: TCP and UDP of all sizes, some of them tagged, ARP and IPv6."""
    frames = []
    for _ in range(count):
        src, dst = bytes([10, 1, rng.randrange(256), rng.randrange(256)]), rng.randbytes(4)
        macs = rng.randbytes(6), rng.randbytes(6)
        size = rng.choice((0, 0, 40, 100, 300, 800, 1400, 1400, 1460))
        ports = struct.pack(">HH", rng.randrange(1024, 65536), rng.choice((443, 443, 80, 53, 22)))
        kind = rng.random()
        if kind < 0.02:
            frames.append(macs[0] + macs[1] + b"\x08\x06" + rng.randbytes(46))
        elif kind < 0.12:
            body = ports + rng.randbytes(16 + size)
            packet = struct.pack(">IHBB", 6 << 28, len(body), 6, 64) + rng.randbytes(32) + body
            frames.append(macs[0] + macs[1] + b"\x86\xdd" + packet)
        elif kind < 0.35:
            payload = ports + struct.pack(">HH", 8 + size, 0) + rng.randbytes(size)
            frames.append(ethernet(*macs, ipv4(17, src, dst, payload)))
        else:
            payload = ports + rng.randbytes(16 + size)
            frames.append(ethernet(*macs, ipv4(6, src, dst, payload), rng.choice((None,) * 9 + (100,))))
    return frames


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--bytes", type=int, default=100_000_000)
    parser.add_argument("--dhcp", type=float, default=0.001, help="share of the packets that are DHCP, 0 to 1")
    parser.add_argument("--clients", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--six", action="store_true", help="DHCPv6 instead of DHCPv4")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    dhcp, others = (Dhcpv6 if args.six else Dhcp)(args.clients), background(rng)
    blocks = args.file.endswith("ng")
    packets = found = written = 0
    time = 1_700_000_000_000_000
    with open(args.file, "wb", buffering=1 << 20) as out:
        if blocks:
            start = struct.pack("<IIIHHq", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1) + struct.pack("<I", 28)
            start += struct.pack("<IIHHII", 1, 20, 1, 0, 262144, 20)
        else:
            start = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
        written += out.write(start)
        while written < args.bytes:
            is_dhcp = args.dhcp >= 1 or rng.random() < args.dhcp
            frame = dhcp.frame() if is_dhcp else others[rng.getrandbits(12)]
            time += 17
            size = len(frame)
            if blocks:
                pad = -size & 3
                total = 32 + size + pad
                head = struct.pack("<IIIIIII", 6, total, 0, time >> 32, time & 0xFFFFFFFF, size, size)
                written += out.write(head + frame + b"\0" * pad + struct.pack("<I", total))
            else:
                head = struct.pack("<IIII", time // 1_000_000, time % 1_000_000, size, size)
                written += out.write(head + frame)
            packets += 1
            found += is_dhcp
    print(json.dumps({"file": args.file, "bytes": written, "packets": packets, "dhcp": found}))


if __name__ == "__main__":
    main()
