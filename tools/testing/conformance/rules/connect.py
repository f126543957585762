# SPDX-License-Identifier: GPL-2.0
"""The RDMA connection: InfiniBand annex A12 (iSER), which RoCE and iWARP users follow too."""

from iser.initiator import NO_INVALIDATE, NO_ZBVA


def rfc7145_1_5_2_reply_says_that_tags_are_virtual_addresses(t):
    """The reply to a connect request carries the iSER CM header, with the flag that says
    zero-based addresses are not used."""
    s = t.connection()
    t.ok(s.wire.private_data, "the reply carries no private data")
    t.ok(s.wire.private_data[0] & NO_ZBVA, f"flags are {s.wire.private_data[0]:#04x}")


def rfc7145_1_5_2_reply_agrees_not_to_invalidate(t):
    """An initiator that cannot take SEND with Invalidate is told that it will get none."""
    s = t.connection(private_data=bytes([NO_ZBVA | NO_INVALIDATE, 0, 0, 0]))
    t.ok(s.wire.private_data and s.wire.private_data[0] & NO_INVALIDATE,
         f"private data of the reply starts with {s.wire.private_data[:4].hex()}")


def rfc7145_1_5_2_reserved_bytes_of_the_cm_header_are_ignored(t):
    """Reserved bits of the private data mean nothing, and longer private data is fine."""
    t.session(private_data=bytes([NO_ZBVA | NO_INVALIDATE | 0x3F]) + b"\xff" * 40)


def rfc7145_5_1_no_private_data_is_no_obstacle(t):
    """An initiator that sends no CM header can log in."""
    t.session(private_data=b"")


def iser_tgt_short_private_data_is_no_obstacle(t):
    """A CM header cut short (one byte) is not read past its end, and does no harm."""
    t.session(private_data=bytes([NO_ZBVA | NO_INVALIDATE]))


def rfc7145_8_2_read_depth_stays_within_the_initiators(t):
    """The target replies no deeper RDMA READ queue than the initiator offers to serve, and WRITE
    works with a depth of one."""
    s = t.disk(1 << 20, responder_resources=1, initiator_depth=1)
    t.ok(s.wire.depths[0] <= 1 or s.wire.depths[1] <= 1, f"replied depths are {s.wire.depths}")
    t.good(s.write(0, bytes(1 << 20)))


def iser_tgt_many_connections_that_say_nothing_delay_nobody(t):
    """Work before login is done by nobody's turn: eight silent connections, and a good login is
    as quick as ever."""
    for _ in range(8):
        t.connection()
    t.serves_others()


def rfc7143_4_2_4_first_pdu_right_behind_connect(t):
    """The first Login Request may arrive before the target has seen the connection established."""
    for _ in range(5):
        t.session(security=False).close()
