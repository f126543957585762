# SPDX-License-Identifier: GPL-2.0
"""The iSER Hello exchange: RFC 7145 sections 5.1.3, 9.3, 9.4, 10.1.3."""

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS


def hello_session(t, **how):
    return t.session(keys={**OPEN_ISCSI_KEYS, "iSERHelloRequired": "Yes"}, **how)


def say_hello(s, **fields):
    """Send a Hello; the reply and its length."""
    s.wire.send(P.IserHello(**fields).raw)
    message = s.wire.recv()
    return P.decode(message.data)[0], len(message.data)


def rfc7145_5_1_3_hello_is_answered_when_it_is_required(t):
    """After iSERHelloRequired=Yes the target answers a Hello with a HelloReply of 28 bytes, version
    10, and the session continues."""
    s = hello_session(t)
    reply, length = say_hello(s, ird=4)
    t.eq(length, 28, "length of the HelloReply")
    t.eq(reply.opcode, P.IserHeader.HELLO_REPLY, "opcode")
    t.eq((reply.rej, reply.maxver, reply.minver), (0, 10, 10), "REJ, MaxVer and CurVer")
    t.alive(s)


def rfc7145_5_1_3_hello_where_the_key_was_not_negotiated(t):
    """An initiator of RFC 5046 does not know iSERHelloRequired: the Hello that is its first message is answered all the same, as it is
    with the key; without one the session begins at once."""
    t.ok("iSERHelloRequired" not in OPEN_ISCSI_KEYS, "open-iscsi's keys have iSERHelloRequired")
    s = t.session()
    reply, length = say_hello(s, ird=4)
    t.eq(length, 28, "length of the HelloReply")
    t.eq((reply.opcode, reply.rej, reply.maxver, reply.minver), (P.IserHeader.HELLO_REPLY, 0, 10, 10), "opcode, REJ, MaxVer and CurVer")
    t.alive(s)
    s.wire.send(P.IserHello(ird=4).raw, wait=False)
    t.closes(s)


def rfc7145_5_1_3_hello_after_no_was_negotiated(t):
    """After iSERHelloRequired=No a Hello is a protocol error."""
    s = t.session(keys={**OPEN_ISCSI_KEYS, "iSERHelloRequired": "No"})
    s.wire.send(P.IserHello(ird=4).raw, wait=False)
    t.closes(s)


def rfc7145_5_1_3_ord_is_not_above_the_initiators_ird(t):
    """iSER-ORD in the HelloReply is at most the iSER-IRD of the Hello."""
    reply, _ = say_hello(hello_session(t), ird=1)
    t.eq(reply.ird, 1, "iSER-ORD")


def rfc7145_8_2_reads_within_the_ord_that_was_declared(t):
    """With an iSER-IRD of 1 WRITEs of all sizes still work, many at a time."""
    s = hello_session(t, credits=130)
    reply, _ = say_hello(s, ird=1)
    t.eq(reply.ird, 1, "iSER-ORD")
    s.test_unit_ready()
    s.test_unit_ready()
    for size in (1, 64, 256, 2048):
        data = bytes([size & 0xFF]) * (size * s.block_size)
        for c in [s.start(s.rw_cdb(0x2A, i * size, size), write=data) for i in range(6)]:
            t.good(s.finish(c, t.target.ms(10000)))
        t.ok(t.good(s.read(5 * size, size)).data == data, f"data of {size} blocks")


def rfc7145_7_3_6_no_reads_and_data_to_fetch(t):
    """With an iSER-IRD of 0 a WRITE whose data would have to be read ends the connection."""
    s = hello_session(t)
    reply, _ = say_hello(s, ird=0)
    t.eq(reply.ird, 0, "iSER-ORD")
    t.alive(s)
    s.start(s.rw_cdb(0x2A, 0, 1), write=bytes(512))
    t.closes(s)
    t.serves_others()


def rfc7145_10_1_3_2_versions_that_do_not_overlap(t):
    """A Hello of another version gets a HelloReply with REJ, and the connection ends."""
    s = hello_session(t)
    reply, _ = say_hello(s, ird=4, maxver=9, minver=8)
    t.eq(reply.rej, 1, "REJ")
    t.closes(s)


def rfc7145_10_1_3_4_something_else_than_the_hello_that_is_required(t):
    """With iSERHelloRequired=Yes, a first message other than a Hello ends the connection."""
    s = hello_session(t)
    s.send(P.NopOut(immediate=1, ttt=P.NONE))
    t.closes(s)


def rfc7145_10_1_3_3_hello_with_more_than_its_header(t):
    """A Hello is 28 bytes; a longer one is malformed."""
    s = hello_session(t)
    s.wire.send(P.IserHello(ird=4).raw + bytes(48), wait=False)
    t.closes(s)
