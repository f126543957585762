#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write the seed corpus: valid exchanges, and one vector per known flaw.

Run it after a change here; the files are in git, so that replaying them needs
no Python. The flaws are those of other targets and of their kernels; the
name of a file says which.
"""

import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))

AUTH, MUTUAL, FIX, SMALL, REFUSED, MOVED, SAME, SHORT = (
    1 << n for n in range(8))
# the second byte of an input of fuzz_login.c
NO_MD5, NO_SHA1, NO_SHA256, NO_SHA3, REVERSED, TWO, NO_DIGEST, NO_RANDOM = (
    1 << n for n in range(8))
# chap_initiator.h
TRANSIT, FFP, BOTH, WRONG, REFLECT, NAME, TARGETS, MORE = (
    1 << n for n in range(8))
T, C = 0x80, 0x40
SEC, OP = 0 << 2, 1 << 2
TO_OP, TO_FFP = T | 1, T | 3
NAMES = ("InitiatorName=iqn.2001-04.com.example:i",
         "TargetName=iqn.2001-04.com.example:t")
DISCOVERY = (NAMES[0], "SessionType=Discovery")
RDMA = ("RDMAExtensions=Yes",)


def put(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def text(*pairs):
    return b"".join(p.encode() + b"\0" for p in pairs)


def pdu(opcode=0x43, flags=0, data=b"", ahs=b"", itt=1, *, iser=0x10,
        ahs_words=None, data_len=None, version=0, tail=b""):
    """Both headers, AHS and data; the length fields may be overridden."""
    words = len(ahs) // 4 if ahs_words is None else ahs_words
    length = len(data) if data_len is None else data_len
    bhs = struct.pack(">BBBBB3s6sHIHHIIII", opcode, flags, version, version,
                      words, length.to_bytes(3, "big"), b"\x80\1\2\3\4\5", 0,
                      itt, 0, 0, 1, 0, 0, 0) + bytes(8)
    return bytes([iser]) + bytes(27) + bhs + ahs + data + tail


def login(setup, *sends, crypto=0):
    """An answer() is its two bytes; each other SEND begins with its length."""
    return bytes([setup, crypto]) + b"".join(
        s if isinstance(s, Answer) else struct.pack(">H", len(s)) + s
        for s in sends)


class Answer(bytes):
    """An answer to the challenge that the harness computes."""


def answer(bits, size=2, ident=0, more=None):
    """`size` of CHAP_C in units of 8 bytes, 0 for 1024; CHAP_I is 32 * ident."""
    raw = struct.pack(">H", 0x8000 | ident << 12 | size << 8 | bits |
                      (0 if more is None else MORE))
    return Answer(raw + (b"" if more is None else
                         struct.pack(">H", len(more)) + more))


def req(flags, *pairs, **kw):
    return pdu(flags=flags, data=text(*pairs), **kw)


OPEN_ISCSI = NAMES + (
    "InitiatorAlias=host", "SessionType=Normal", "DefaultTime2Wait=2",
    "DefaultTime2Retain=0", "IFMarker=No", "OFMarker=No",
    "ErrorRecoveryLevel=0", "InitialR2T=No", "ImmediateData=Yes",
    "MaxBurstLength=16776192", "FirstBurstLength=262144",
    "MaxOutstandingR2T=1", "MaxConnections=1", "DataPDUInOrder=Yes",
    "DataSequenceInOrder=Yes", "InitiatorRecvDataSegmentLength=262144",
    "TargetRecvDataSegmentLength=8192") + RDMA


def login_corpus():
    def good(name, *args, **kw):
        put("login", "good-" + name, login(*args, **kw))

    def flaw(name, *args, **kw):
        put("login", name, login(*args, **kw))

    good("open-iscsi-normal", 0, req(OP | TO_FFP, *OPEN_ISCSI))
    good("open-iscsi-discovery", 0, req(
        OP | TO_FFP, *DISCOVERY, "HeaderDigest=None", "DataDigest=None",
        "DefaultTime2Wait=2", "DefaultTime2Retain=0", "IFMarker=No",
        "OFMarker=No", "ErrorRecoveryLevel=0",
        "MaxRecvDataSegmentLength=32768"))
    good("libiscsi-two-stages", 0,
         req(SEC | TO_OP, *NAMES, "SessionType=Normal",
             "AuthMethod=CHAP,None"),
         req(OP | TO_FFP, *NAMES, "SessionType=Normal",
             "HeaderDigest=None,CRC32C", *RDMA))
    good("all-keys", FIX | SMALL, req(
        OP | TO_FFP, *OPEN_ISCSI, "HeaderDigest=CRC32C,None",
        "DataDigest=None", "MaxRecvDataSegmentLength=8192",
        "TaskReporting=FastAbort,ResponseFence,RFC3720",
        "iSCSIProtocolLevel=1", "IFMarkInt=1~65535", "OFMarkInt=2048",
        "X#NodeArchitecture=a/1,b/2", "MaxOutstandingUnexpectedPDUs=8",
        "MaxAHSLength=256", "TaggedBufferForSolicitedDataOnly=Yes",
        "iSERHelloRequired=No", "X-com.example.key=1"))
    good("proposals-answered", FIX | SMALL,
         req(OP | TO_FFP, *NAMES),
         req(OP | TO_FFP, "RDMAExtensions=Yes",
             "TargetRecvDataSegmentLength=4096", "ImmediateData=No",
             "MaxBurstLength=65536", "FirstBurstLength=8192",
             "DefaultTime2Wait=30", "DefaultTime2Retain=0"))
    good("continued-text", 0,
         pdu(flags=OP | C, data=text(*NAMES)[:40]),
         pdu(flags=OP | C, data=text(*NAMES)[40:60]),
         pdu(flags=OP | TO_FFP, data=text(*NAMES)[60:] + text(*RDMA)))
    good("continued-answer", 0,
         req(OP | TO_FFP, *NAMES, *RDMA,
             *("X-%04d=" % n for n in range(500))),
         req(OP | TO_FFP))
    for alg in 5, 6, 7, 8:
        good("chap-%d" % alg, AUTH,
             req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP,None"),
             req(SEC, "CHAP_A=%d" % alg), answer(TRANSIT),
             req(OP | TO_FFP, *RDMA))
        good("chap-mutual-%d" % alg, AUTH | MUTUAL | FIX,
             req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
             req(SEC, "CHAP_A=%d" % alg), answer(TRANSIT | BOTH, alg - 3, alg - 5),
             req(OP | TO_FFP, *RDMA))
        flaw("chap-wrong-%d" % alg, AUTH,
             req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
             req(SEC, "CHAP_A=%d" % alg), answer(TRANSIT | WRONG))
        flaw("chap-missing-%d" % alg, AUTH,
             req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
             req(SEC, "CHAP_A=%d" % alg), crypto=1 << (alg - 5))
    for crypto in REVERSED, TWO, NO_SHA3 | NO_SHA256, NO_DIGEST, NO_RANDOM:
        good("chap-choice-%02x" % crypto, AUTH | MUTUAL,
             req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
             req(SEC, "CHAP_A=8,7,6,5"), answer(TRANSIT | BOTH, 4),
             req(OP | TO_FFP, *RDMA), crypto=crypto)
    good("chap-proposed-by-the-target", AUTH | FIX,
         req(SEC | TO_OP, *NAMES),
         req(SEC, "AuthMethod=CHAP", "CHAP_A=7"), answer(TRANSIT),
         req(OP | TO_FFP, *RDMA))
    good("chap-discovery", AUTH, req(SEC, *DISCOVERY, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=8,5"), answer(TRANSIT | FFP), crypto=NO_SHA3)
    good("chap-then-keys-in-one-request", AUTH,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=6"),
         answer(TRANSIT, more=text("InitiatorAlias=host")),
         req(OP | TO_FFP, *RDMA))
    good("chap-without-transit", AUTH | MUTUAL,
         req(SEC, *NAMES, "AuthMethod=CHAP"), req(SEC, "CHAP_A=5"),
         answer(BOTH, 0), req(SEC | TO_OP), req(OP | TO_FFP, *RDMA))
    good("refused", REFUSED, req(OP | TO_FFP, *NAMES, *RDMA))
    good("moved", MOVED, req(SEC | TO_OP, *NAMES, "AuthMethod=None"))

    # users.md P1: the login PDU that is shorter than its headers
    whole = req(OP | TO_FFP, *NAMES, *RDMA)
    for n in (0, 1, 8, 27, 28, 48, 75):
        flaw("cve-2026-53176-login-of-%02d-bytes" % n, 0, whole[:n])
    # P1: DataSegmentLength above the bytes received
    flaw("isert-2488b5b4827e-login-declares-more-data", 0,
         pdu(flags=OP | TO_FFP, data=text(*NAMES, *RDMA), data_len=8192))
    flaw("isert-957f92ea4022-data-length-of-16-mib", 0,
         pdu(flags=OP | TO_FFP, data=text(*NAMES), data_len=0xffffff))
    # P1: an answer larger than its buffer
    flaw("lio-bf33e01f8838-answer-outgrows-its-buffer", 0,
         req(OP | C, *NAMES, *("X-%03d=" % n for n in range(1000))),
         req(OP | TO_FFP, *("X-%04d=" % n for n in range(900))))
    # P1: CHAP_R decoded before its length is checked
    for name, value in (
            ("base64-too-long", "0b" + "A" * 4096),
            ("hex-too-long", "0x" + "a" * 4096),
            ("base64-one-byte-too-long", "0b" + "A" * 44),
            ("base64-padding-only", "0b===="),
            ("empty", "")):
        flaw("lio-85db7391310b-chap-r-" + name, AUTH,
             req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
             req(SEC, "CHAP_A=7"),
             req(SEC | TO_OP, "CHAP_N=alice", "CHAP_R=" + value))
    flaw("chap-c-of-1024-bytes", AUTH | MUTUAL,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"), answer(TRANSIT | BOTH, 0))
    flaw("chap-c-of-1025-bytes", AUTH | MUTUAL,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"),
         answer(TRANSIT, more=text("CHAP_I=1", "CHAP_C=0x" + "11" * 1025)))
    flaw("chap-c-twice", AUTH | MUTUAL,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"),
         answer(TRANSIT | BOTH, more=text("CHAP_C=0x1111")))
    flaw("chap-challenge-reflected", AUTH | MUTUAL,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"), answer(TRANSIT | BOTH | REFLECT))
    flaw("chap-response-of-the-target", AUTH | MUTUAL,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"), answer(TRANSIT | TARGETS))
    flaw("chap-one-secret-for-both", AUTH | MUTUAL | SAME,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"), answer(TRANSIT | BOTH))
    flaw("chap-unknown-name", AUTH,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"), answer(TRANSIT | NAME))
    flaw("chap-answer-before-the-challenge", AUTH,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"), answer(TRANSIT))
    flaw("chap-answer-twice", AUTH,
         req(SEC, *NAMES, "AuthMethod=CHAP"), req(SEC, "CHAP_A=7"),
         answer(0), answer(TRANSIT))
    flaw("chap-text-short", AUTH | MUTUAL | SHORT,
         req(SEC | TO_OP, *NAMES, "AuthMethod=CHAP"),
         req(SEC, "CHAP_A=7"), answer(TRANSIT | BOTH, 0))
    # anchors.md 4.2 and issue B: messages that blocked ib_isert's only login slot
    flaw("isert-empty-send", 0, b"")
    flaw("isert-hello", 0, bytes([0x20, 0xaa]) + bytes(26))
    flaw("isert-hello-with-login-behind", 0, bytes([0x20]) + whole[1:])
    flaw("isert-ahs-of-255-words-in-login", 0,
         pdu(flags=OP | TO_FFP, data=text(*NAMES, *RDMA), ahs=bytes(1020)))
    flaw("isert-ahs-of-255-words-that-is-not-there", 0,
         pdu(flags=OP | TO_FFP, data=text(*NAMES, *RDMA), ahs_words=255))
    for csg in (2, 3):
        flaw("isert-current-stage-%d" % csg, 0,
             req(csg << 2 | TO_FFP, *NAMES, *RDMA))
    flaw("isert-next-stage-2", 0, req(SEC | T | 2, *NAMES))
    flaw("isert-next-stage-0", 0, req(SEC | T, *NAMES))
    flaw("isert-next-stage-not-above", 0, req(OP | TO_OP, *NAMES, *RDMA))
    flaw("isert-transit-with-continue", 0,
         req(OP | TO_FFP | C, *NAMES, *RDMA))
    # anchors.md 4.5
    flaw("isert-unknown-opcode-first", 0, pdu(opcode=0x1f))
    flaw("isert-unknown-opcode-during-login", 0, req(OP, *NAMES, *RDMA),
         pdu(opcode=0x1f))
    flaw("unknown-iser-opcode", 0, pdu(iser=0xf0))
    # anchors.md 4.17: text that does not end with a NUL
    flaw("isert-text-without-nul", 0,
         pdu(flags=OP | TO_FFP, data=text(*NAMES, *RDMA)[:-1]))
    flaw("isert-text-without-equals-and-nul", 0,
         pdu(flags=OP | TO_FFP, data=text(*NAMES) + b"AAAA"))
    # anchors.md 4.20
    flaw("lio-continue-until-the-buffer-is-full", 0,
         pdu(flags=OP | C, data=b"A" * 8192),
         pdu(flags=OP | C, data=b"A" * 8192),
         pdu(flags=OP | C, data=b"A"))
    flaw("lio-login-of-8193-bytes", 0,
         pdu(flags=OP | C, data=b"A" * 8193))
    flaw("lio-key-of-8190-characters", 0,
         pdu(flags=OP | TO_FFP, data=b"K" * 8190 + b"=\0"))
    flaw("lio-value-of-8000-characters", 0,
         req(OP | TO_FFP, *NAMES, "MaxBurstLength=" + "9" * 8000))
    flaw("lio-name-of-8000-characters", 0,
         req(OP | TO_FFP, "InitiatorName=iqn.2001-04.com." + "a" * 8000))
    flaw("login-that-never-ends", 0, req(OP, *NAMES, *RDMA),
         *([req(OP)] * 70))
    flaw("scst-issue-12-header-of-ones", 0, b"\xff" * 76)
    flaw("scst-issue-12-header-of-zeros", 0, bytes(76))
    flaw("renegotiation", 0,
         req(OP | TO_FFP, *NAMES, *RDMA, "ImmediateData=Yes",
             "ImmediateData=No"))
    flaw("version-1", 0, req(OP | TO_FFP, *NAMES, *RDMA, version=1))


def cmd(ahs=b"", data=b"", **kw):
    return pdu(opcode=0x01, flags=0xa1, ahs=ahs, data=data, **kw)


def ahs(kind, length, body):
    raw = struct.pack(">HB", length, kind) + body
    return raw + bytes(-len(raw) % 4)


def pdu_corpus():
    put("pdu", "good-command", cmd())
    put("pdu", "good-immediate-data", cmd(data=b"x" * 513))
    put("pdu", "good-immediate-data-padded", cmd(data=b"x" * 513,
                                                 tail=bytes(3)))
    put("pdu", "good-both-stags", cmd(iser=0x1c))
    put("pdu", "good-extended-cdb-32", cmd(ahs(1, 17, bytes(17))))
    put("pdu", "good-extended-cdb-260", cmd(ahs(1, 245, bytes(245))))
    put("pdu", "good-bidirectional", cmd(ahs(2, 5, bytes(5)) +
                                         ahs(1, 17, bytes(17))))
    put("pdu", "good-ahs-and-data", cmd(ahs(1, 17, bytes(17)), b"x" * 512))
    for n in (0, 8, 28, 48, 75):
        put("pdu", "cve-2026-53176-%02d-bytes" % n, cmd()[:n])
    put("pdu", "isert-957f92ea4022-more-data-than-received",
        cmd(data=b"x" * 16, data_len=8192))
    put("pdu", "isert-957f92ea4022-16-mib", cmd(data_len=0xffffff))
    put("pdu", "nvmet-offset-and-length-both-largest",
        cmd(ahs_words=255, data_len=0xffffff))
    put("pdu", "lio-extended-cdb-of-length-0", cmd(ahs(1, 0, bytes(1))))
    put("pdu", "lio-extended-cdb-of-length-1", cmd(ahs(1, 1, bytes(1))))
    put("pdu", "lio-extended-cdb-of-length-65535",
        cmd(ahs(1, 0xffff, bytes(1017))))
    put("pdu", "lio-extended-cdb-beyond-the-ahs",
        cmd(ahs(1, 245, bytes(1))))
    put("pdu", "extended-cdb-of-261-bytes", cmd(ahs(1, 246, bytes(246))))
    put("pdu", "isert-ahs-beyond-what-was-received", cmd(ahs_words=255))
    put("pdu", "isert-ahs-shifts-immediate-data",
        cmd(ahs(1, 17, bytes(17)), b"x" * 512, tail=bytes(4)))
    put("pdu", "ahs-twice", cmd(ahs(1, 2, bytes(2)) * 2))
    put("pdu", "ahs-reserved-type", cmd(ahs(0, 5, bytes(5))))
    put("pdu", "ahs-bidirectional-too-short", cmd(ahs(2, 1, bytes(1))))
    put("pdu", "isert-hello", bytes([0x20, 0xaa]) + bytes(26))
    put("pdu", "unknown-iser-opcode", cmd(iser=0xf0))
    put("pdu", "bytes-nobody-declared", cmd(tail=bytes(64)))


def text_corpus():
    put("text", "good-open-iscsi", b"\0" + text(*OPEN_ISCSI))
    put("text", "good-send-targets", b"\0" + text("SendTargets=All"))
    put("text", "isert-no-nul-at-the-end", b"\0SendTargets=All")
    put("text", "lio-no-equals", b"\0SendTargets\0")
    put("text", "lio-key-of-64", b"\0" + b"K" * 64 + b"=1\0")
    put("text", "number-of-2-to-the-64", b"\0" + text(
        "MaxBurstLength=18446744073709551616",
        "FirstBurstLength=0x10000000000000200"))
    put("text", "range-where-none-is-allowed", b"\0" + text(
        "MaxBurstLength=512~1024", "MaxConnections=1,2"))

    def record(flags, tags, data):
        return bytes([flags, tags]) + struct.pack(">H", len(data)) + data

    f, new, go = 0x80, 4, 3
    put("text", "good-exchange-one-piece", b"\1" +
        record(f, new | 16, text("SendTargets=All")))
    put("text", "good-exchange-pieces", b"\1" +
        record(f, new | 8, text("SendTargets=All")) +
        record(f, go, b"") * 3)
    put("text", "good-exchange-continued", b"\1" +
        record(C, new, b"SendTar") + record(f, go | 8, b"gets=All\0") +
        record(f, go, b"") * 3)
    put("text", "lio-778c2ab142c6-length-not-of-words", b"\1" +
        record(f, new, b"SendTargets=A"))
    put("text", "exchange-final-and-continue", b"\1" +
        record(f | C, new, text("A=1")))
    put("text", "exchange-text-before-the-answer-is-complete", b"\1" +
        record(f, new | 8, text("SendTargets=All")) +
        record(f, go, text("A=1")))
    put("text", "exchange-fills-its-buffer", b"\1" +
        record(C, new, b"A" * 400) + record(C, go, b"A" * 400))
    put("text", "exchange-stale-tag", b"\1" + record(f, 1, b""))
    put("text", "exchange-with-ahs", b"\1" + record(f, 0x84, text("A=1")))


def chap_corpus():
    def room(n, value):
        return struct.pack(">H", n) + value.encode()

    put("chap", "good-hex", room(32, "0x" + "a5" * 32))
    put("chap", "good-hex-odd", room(32, "0X123"))
    put("chap", "good-base64", room(32, "0bZm9vYmE="))
    put("chap", "good-base64-unpadded", room(32, "0BZm8"))
    put("chap", "good-1024", room(1024, "0x" + "ff" * 1024))
    put("chap", "lio-85db7391310b-base64-longer-than-the-digest",
        room(16, "0b" + "A" * 4096))
    put("chap", "lio-85db7391310b-base64-one-byte-too-long",
        room(16, "0b" + "A" * 23))
    put("chap", "hex-one-byte-too-long", room(16, "0x" + "00" * 17))
    put("chap", "hex-half-a-byte-too-long", room(16, "0x" + "0" * 33))
    put("chap", "base64-padding-only", room(16, "0b===="))
    put("chap", "base64-padding-inside", room(16, "0bZ=9v"))
    put("chap", "base64-bits-left-over", room(16, "0bZh=="))
    put("chap", "no-room", room(0, "0x00"))
    put("chap", "neither", room(16, "12345"))


def transport_id_corpus():
    register, move, fix = 0, 7, 0x80
    name, isid = "iqn.2026-01.org.example:i", ",i,0x00023d0a0b0c"

    def tid(value, form, length=None):
        value = value.encode()
        if length is None:
            value = value.ljust(max(20, len(value) + 3 & ~3), b"\0")
        return struct.pack(">BBH", form << 6 | 5, 0,
                           len(value) if length is None else length) + value

    def pr_out(name, action, ids, more=0):
        head = bytes(20) + (b"\x08" if action == register else b"") + \
            bytes(7 if action == register else 4)
        put("transport_id", name, struct.pack("Bb", action | fix, more) +
            head + ids)

    pr_out("good-device", register, tid(name + "\0", 0))
    pr_out("good-port", move, tid(name + isid + "\0", 1))
    pr_out("good-several", register,
           tid(name + isid + "\0", 1) * 3 + bytes(24) + b"\6" + bytes(23))
    pr_out("good-longest", register, tid("n" * 223 + isid + "\0", 1))
    pr_out("good-none", register, b"")
    for action, how in ((register, "register"), (move, "move")):
        pr_out(f"lio-6.12.118-isid-without-nul-{how}", action,
               tid(name + ",i,0x" + "1" * 18, 1))
        pr_out(f"lio-6.12.118-isid-incomplete-{how}", action,
               tid(name + ",i,0x0\0", 1))
        pr_out(f"lio-isid-missing-{how}", action, tid("x" + name + ",i,0x", 1))
        pr_out(f"lio-longer-than-the-list-{how}", action,
               tid("i" * 20, 0, 0xfffc))
    pr_out("two-for-move", move, tid(name + "\0", 0) * 2)
    pr_out("cdb-says-more", register, tid(name + "\0", 0), 4)
    pr_out("padded-with-others", register, tid(name + "\0x", 0))


login_corpus()
pdu_corpus()
text_corpus()
chap_corpus()
transport_id_corpus()
