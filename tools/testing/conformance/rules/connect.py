# SPDX-License-Identifier: GPL-2.0
"""The RDMA connection: InfiniBand annex A12 (iSER), which implementations on RoCE and iWARP follow too."""

from iser.initiator import NO_INVALIDATE, NO_ZBVA


def rfc7145_1_5_2_reply_says_that_tags_are_virtual_addresses(t):
    """The reply to a connect request carries the iSER CM header, with the flag for
    "zero-based virtual addresses not used"."""
    s = t.connection()
    t.ok(s.wire.private_data, "the reply carries no private data")
    t.ok(s.wire.private_data[0] & NO_ZBVA, f"flags are {s.wire.private_data[0]:#04x}")


def rfc7145_1_5_2_reply_agrees_not_to_invalidate(t):
    """For an initiator that does not support SEND with Invalidate, the reply declares it unused."""
    s = t.connection(private_data=bytes([NO_ZBVA | NO_INVALIDATE, 0, 0, 0]))
    t.ok(s.wire.private_data and s.wire.private_data[0] & NO_INVALIDATE,
         f"private data of the reply starts with {s.wire.private_data[:4].hex()}")


def rfc7145_1_5_2_reserved_bytes_of_the_cm_header_are_ignored(t):
    """Reserved bits of the private data are ignored, and longer private data is accepted."""
    t.session(private_data=bytes([NO_ZBVA | NO_INVALIDATE | 0x3F]) + b"\xff" * 40)


def rfc7145_5_1_no_private_data_is_no_obstacle(t):
    """An initiator that sends no CM header can log in."""
    t.session(private_data=b"")


def iser_tgt_short_private_data_is_no_obstacle(t):
    """A truncated CM header (one byte) is not read past its end, and the connection is accepted."""
    t.session(private_data=bytes([NO_ZBVA | NO_INVALIDATE]))


def rfc7145_8_2_read_depth_stays_within_the_initiators(t):
    """The RDMA READ depth in the target's reply does not exceed the initiator's responder resources,
    and WRITE works with a depth of one."""
    s = t.disk(1 << 20, responder_resources=1, initiator_depth=1)
    t.ok(s.wire.depths[0] <= 1 or s.wire.depths[1] <= 1, f"replied depths are {s.wire.depths}")
    t.good(s.write(0, bytes(1 << 20)))


def iser_tgt_many_connections_that_say_nothing_delay_nobody(t):
    """Connections do not wait for each other before login: with eight silent ones, a good login is
    as quick as ever."""
    for _ in range(8):
        t.connection()
    t.serves_others()


def rfc7143_4_2_4_first_pdu_right_behind_connect(t):
    """The first Login Request may arrive before the target has seen the connection established."""
    for _ in range(5):
        t.session(security=False).close()
