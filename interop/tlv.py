#!/usr/bin/env python3
"""A second reading of the trust list format, to hold the Go one against.

Written from the description of the format alone, in another language and
without a line in common with package ctlbuild: Python's standard library,
its own reader of certificates and keys, RSA by pow(). It is slow, strict and
small on purpose. Where the two disagree, one of them is wrong.

    tlv.py verify FILE...
    tlv.py verify --signer signer.pem FILE...
    tlv.py dump FILE
    tlv.py build OUT --name CTLFile.tlv --digest sha1 --order cisco \
           --key signer.key --signer signer.pem --record 0=signer.pem,host=x,ip=1.2.3.4
    tlv.py build OUT --name SEP001122334455.cnf.xml --content SEP001122334455.cnf.xml \
           --key signer.key --signer signer.pem

verify prints a line for each file: good and the signer, bad, or unreadable and
why. It exits with 0 when all are good, else with 1 when the worst of them is
bad, and 2 when one cannot be read. A trust list holds its signer; a .sgn file does
not and takes --signer, which then is the only certificate that counts. --order
cisco writes SIGNERID as name, serial number, CA name; --order builders writes name,
CA name, serial number and adds SIGNERVERSION 1.1, as builders for open-source call
servers may do.
"""

import argparse
import base64
import hashlib
import ipaddress
import re
import struct
import sys
import time


class Bad(Exception):
    """The input breaks the format; the text says where."""


# --- DER, as much of it as certificates and keys need ----------------------


def der(data, pos=0):
    """One element at pos: tag, first content byte, end."""
    if pos + 2 > len(data):
        raise Bad(f"DER ends at {pos}")
    tag, size, pos = data[pos], data[pos + 1], pos + 2
    if size & 0x80:
        count = size & 0x7F
        if count == 0 or count > 4 or pos + count > len(data):
            raise Bad(f"DER length at {pos}")
        size = int.from_bytes(data[pos:pos + count], "big")
        pos += count
    if pos + size > len(data):
        raise Bad(f"DER element at {pos} runs past the end")
    return tag, pos, pos + size


def children(data, start, end):
    out = []
    while start < end:
        tag, first, stop = der(data, start)
        out.append((tag, start, first, stop))
        start = stop
    return out


def pem(data, *labels):
    """The DER inside a PEM block with one of the labels, or data itself."""
    if not data.startswith(b"-----") and b"-----BEGIN" not in data:
        return None, data
    for label in labels:
        found = re.search(
            f"-----BEGIN {label}-----(.*?)-----END {label}-----".encode(), data, re.S)
        if found:
            return label, base64.b64decode(found.group(1))
    raise Bad("no PEM block of " + " or ".join(labels))


NAMES = {
    "2.5.4.3": "CN", "2.5.4.11": "OU", "2.5.4.10": "O",
    "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.6": "C",
}


def oid(raw):
    first = raw[0]
    parts, value = [first // 40, first % 40], 0
    for byte in raw[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(value)
            value = 0
    return ".".join(map(str, parts))


class Certificate:
    """What a record needs of a certificate."""

    def __init__(self, raw):
        _, self.der = pem(raw, "CERTIFICATE")
        data = self.der
        _, first, end = der(data)
        tbs, _, signature = children(data, first, end)
        self.signature = data[signature[2] + 1:signature[3]]
        parts = children(data, tbs[2], tbs[3])
        if parts[0][0] == 0xA0:
            parts = parts[1:]
        serial, _, issuer, _, subject, spki = parts[:6]
        self.serial = data[serial[2]:serial[3]].lstrip(b"\0")
        self.issuer = self.name(data, issuer)
        self.subject = self.name(data, subject)
        bits = children(data, spki[2], spki[3])[1]
        self.key = data[bits[2] + 1:bits[3]]

    @staticmethod
    def name(data, part):
        found = {}
        for _, _, first, end in children(data, part[2], part[3]):
            for _, _, inner, stop in children(data, first, end):
                kind, value = children(data, inner, stop)
                key = NAMES.get(oid(data[kind[2]:kind[3]]))
                if key:
                    text = data[value[2]:value[3]]
                    found.setdefault(key, text.decode(
                        "utf-16-be" if value[0] == 0x1E else "utf-8", "replace"))
        return ";".join(f"{key}={found[key]}" for key in NAMES.values() if key in found)


def rsa_public(key):
    _, first, end = der(key)
    n, e = children(key, first, end)[:2]
    return (int.from_bytes(key[n[2]:n[3]], "big"), int.from_bytes(key[e[2]:e[3]], "big"))


def rsa_private(raw):
    label, data = pem(raw, "RSA PRIVATE KEY", "PRIVATE KEY")
    _, first, end = der(data)
    parts = children(data, first, end)
    if label == "PRIVATE KEY":  # PKCS#8 wraps it
        data = data[parts[2][2]:parts[2][3]]
        _, first, end = der(data)
        parts = children(data, first, end)
    number = [int.from_bytes(data[p[2]:p[3]], "big") for p in parts]
    return number[1], number[3]


# --- PKCS#1 v1.5 -----------------------------------------------------------

DIGESTS = {
    1: ("sha1", "3021300906052b0e03021a05000414"),
    2: ("sha256", "3031300d060960864801650304020105000420"),
    3: ("sha512", "3051300d060960864801650304020305000440"),
}


def encoded(message, digest, size):
    if digest not in DIGESTS:
        raise Bad(f"digest algorithm {digest}")
    name, prefix = DIGESTS[digest]
    info = bytes.fromhex(prefix) + hashlib.new(name, message).digest()
    return b"\0\1" + b"\xff" * (size - 3 - len(info)) + b"\0" + info


# --- the file --------------------------------------------------------------


def fields(data, pos, end, nested, pad):
    """(tag, position of the tag, value) for every field; containers are opened."""
    while pos < end:
        tag = data[pos]
        if tag == pad:
            pos += 1
            continue
        if pos + 3 > end:
            raise Bad(f"field at {pos} is cut off")
        size = struct.unpack_from(">H", data, pos + 1)[0]
        if pos + 3 + size > end:
            raise Bad(f"field {tag} at {pos} runs past {end}")
        yield tag, pos, data[pos + 3:pos + 3 + size]
        pos += 3 if tag in nested else 3 + size


def read_header(data):
    if data[:3] != b"\1\0\2" or data[5:8] != b"\2\0\2":
        raise Bad("not a signed file: VERSION and HEADERLENGTH do not open it")
    length = struct.unpack_from(">H", data, 8)[0]
    if length > len(data):
        raise Bad(f"the header of {length} bytes is longer than the file")
    header, where = {}, {}
    for tag, pos, value in fields(data, 0, length, (3, 7, 9), 13):
        header[tag], where[tag] = value, pos
    for tag in (5, 6, 8, 12):
        if tag not in header:
            raise Bad(f"header field {tag} is missing")
    return header, where, length


def read_records(data, pos):
    records = []
    while pos < len(data):
        if data[pos:pos + 3] != b"\1\0\2":
            raise Bad(f"no RECORDLENGTH at {pos}")
        size = struct.unpack_from(">H", data, pos + 3)[0]
        if size < 5 or pos + size > len(data):
            raise Bad(f"record at {pos} of {size} bytes")
        records.append({tag: value for tag, _, value
                        in fields(data, pos + 5, pos + size, (), None)})
        pos += size
    return records


def signed_by(data, header, where, certificate):
    signature, start = header[12], where[12]
    signed = data[:start] + data[start + 3 + len(signature):]
    n, e = rsa_public(certificate.key)
    size = (n.bit_length() + 7) // 8
    return len(signature) == size and encoded(signed, header[8][0], size) == \
        pow(int.from_bytes(signature, "big"), e, n).to_bytes(size, "big")


def verify(data, signer=None):
    """The name of the signer, None when the signature is bad."""
    header, where, length = read_header(data)
    if signer:
        return signer.subject if signed_by(data, header, where, signer) else None
    for record in read_records(data, length):
        if (record.get(4) == b"\0\0" and record.get(6) == header[5]
                and record.get(5) == header[6] and 9 in record
                and signed_by(data, header, where, Certificate(record[9]))):
            return record[3][:-1].decode("utf-8", "replace")
    return None


def tlv(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def text(value):
    return value.encode() + b"\0"


def record_bytes(function, certificate, host, address):
    body = tlv(2, text(host)) + tlv(3, text(certificate.subject))
    body += tlv(4, struct.pack(">H", function)) + tlv(5, text(certificate.issuer))
    body += tlv(6, certificate.serial) + tlv(7, certificate.key)
    body += tlv(8, certificate.signature) + tlv(9, certificate.der)
    if address:
        body += tlv(10, ipaddress.ip_address(address).packed)
    return tlv(1, struct.pack(">H", len(body) + 5)) + body


def build(args):
    with open(args.signer, "rb") as file:
        signer = Certificate(file.read())
    with open(args.key, "rb") as file:
        n, d = rsa_private(file.read())
    size = (n.bit_length() + 7) // 8
    digest = {name: number for number, (name, _) in DIGESTS.items()}[args.digest]
    modulus = {64: 0, 128: 1, 256: 2, 512: 3}[size]

    content = b""
    if args.content:
        with open(args.content, "rb") as file:
            content = file.read()
    for spec in args.record:
        function, rest = spec.split("=", 1)
        path, *options = rest.split(",")
        given = dict(option.split("=", 1) for option in options)
        with open(path, "rb") as file:
            content += record_bytes(int(function), Certificate(file.read()),
                                    given.get("host", ""), given.get("ip"))

    who = [tlv(4, text(signer.subject)), tlv(5, signer.serial), tlv(6, text(signer.issuer))]
    if args.order == "builders":
        who[1], who[2] = who[2], who[1]
    info = tlv(7, tlv(8, bytes([digest])) + tlv(9, tlv(10, b"\0") + tlv(11, bytes([modulus]))))
    tail = tlv(14, text(args.name)) + tlv(15, struct.pack(">I", int(time.time())))
    middle = (tlv(28, b"\1\1") if args.order == "builders" else b"") + tlv(3, b"".join(who)) + info
    bare = 5 + 5 + len(middle) + 3 + size + len(tail)
    padding = -bare % 4
    start = b"\1\0\2\1\2" + tlv(2, struct.pack(">H", bare + padding)) + middle
    rest = tail + b"\x0d" * padding + content
    number = int.from_bytes(encoded(start + rest, digest, size), "big")
    signature = pow(number, d, n).to_bytes(size, "big")
    with open(args.out, "xb") as file:
        file.write(start + tlv(12, signature) + rest)


UNREADABLE = (Bad, OSError, LookupError, ValueError, struct.error)


def verify_all(args):
    signer, worst = None, 0
    if args.signer:
        with open(args.signer, "rb") as file:
            signer = Certificate(file.read())
    for name in args.file:
        try:
            with open(name, "rb") as file:
                who = verify(file.read(), signer)
        except UNREADABLE as error:
            print(f"{name}: unreadable: {error}")
            worst = 2
            continue
        print(f"{name}: " + ("bad" if who is None else f"good, by {who}"))
        if who is None:
            worst = max(worst, 1)
    return worst


def dump(args):
    with open(args.file, "rb") as file:
        data = file.read()
    header, _, length = read_header(data)
    print({tag: value.hex() for tag, value in header.items()})
    for record in read_records(data, length):
        print({tag: value.hex() for tag, value in record.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    verifier = commands.add_parser("verify")
    verifier.add_argument("file", nargs="+")
    verifier.add_argument("--signer")
    verifier.set_defaults(run=verify_all)
    dumper = commands.add_parser("dump")
    dumper.add_argument("file")
    dumper.set_defaults(run=dump)
    builder = commands.add_parser("build")
    builder.add_argument("out")
    builder.add_argument("--name", default="CTLFile.tlv")
    builder.add_argument("--digest", default="sha1", choices=("sha1", "sha256", "sha512"))
    builder.add_argument("--order", default="cisco", choices=("cisco", "builders"))
    builder.add_argument("--key", required=True)
    builder.add_argument("--signer", required=True)
    what = builder.add_mutually_exclusive_group(required=True)
    what.add_argument("--record", action="append", default=[])
    what.add_argument("--content")
    builder.set_defaults(run=build)
    args = parser.parse_args()
    try:
        return args.run(args) or 0
    except UNREADABLE as error:
        print(f"tlv.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
