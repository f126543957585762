# SPDX-License-Identifier: GPL-2.0
"""Asynchronous messages: RFC 7143 section 11.9. They have to be triggered on the target, here for iser_tgt: ISER_TGT_TPG is the
configfs directory of its portal group."""

import errno
import os

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS


def tell(t, text):
    if "ISER_TGT_TPG" not in os.environ:
        t.skip("ISER_TGT_TPG is not set")
    with open(os.environ["ISER_TGT_TPG"] + "/async_message", "w", encoding="ascii") as f:
        f.write(text)


def told(t, s, event):
    got = s.recv()
    t.ok(isinstance(got, P.Async), f"told by {got}")
    t.eq(got.event, event, "AsyncEvent")
    t.eq((got.itt, got.final, got.dlen), (P.NONE, 1, 0), "task tag, F bit, DataSegmentLength")
    return got


def rfc7143_11_9_1_logout_is_requested(t):
    """Event 1: the initiator has Parameter3 seconds to log out, and nothing is closed before. The message advances StatSN."""
    s = t.session()
    statsn = s.nop().statsn
    tell(t, "logout 7")
    got = told(t, s, 1)
    t.eq(got.p3, 7, "Parameter3")
    t.eq(got.statsn, statsn + 1, "StatSN")
    t.eq(s.nop().statsn, statsn + 2, "StatSN of the next response")
    t.eq(s.logout().response, 0, "Logout Response")


def rfc7143_11_9_1_session_is_dropped(t):
    """Event 3: all connections of the session will be dropped; then the target drops them."""
    s = t.session()
    s.nop()
    tell(t, "drop")
    got = told(t, s, 3)
    t.eq((got.p2, got.p3), (int(s.negotiated["DefaultTime2Wait"]), int(s.negotiated["DefaultTime2Retain"])),
         "Parameter2 and Parameter3: Time2Wait and Time2Retain")
    t.closes(s)


def rfc7143_11_9_1_negotiation_is_requested(t):
    """Event 4: Parameter3 seconds for a Text negotiation. An initiator with nothing to negotiate sends an empty one and keeps its
    session."""
    s = t.session()
    s.nop()
    tell(t, "negotiate 3")
    t.eq(told(t, s, 4).p3, 3, "Parameter3")
    s.text({})
    t.alive(s)


def rfc7145_8_1_2_no_message_beyond_the_declared_number(t):
    """With MaxOutstandingUnexpectedPDUs=2 a second message is not sent before the first has been acknowledged; the last of the two is
    left to a ping."""
    s = t.session(keys={**OPEN_ISCSI_KEYS, "MaxOutstandingUnexpectedPDUs": 2})
    s.nop()
    for _ in range(2):
        tell(t, "negotiate 3")
        told(t, s, 4)
        tell(t, "negotiate 3")
        s.silent()
        s.nop()         # acknowledges


def iser_tgt_no_message_before_the_first_request(t):
    """libiscsi has no buffer for a message then: its session is dropped without one."""
    s = t.session()
    tell(t, "logout 7")
    s.silent()
    tell(t, "drop")
    t.closes(s)


def iser_tgt_who_takes_no_message_is_dropped_all_the_same(t):
    """Event 3 to an initiator without a receive buffer: its session is dropped without waiting for a buffer."""
    s = t.session(credits=0)
    s.wire.post_recv(204)       # one, for the answer to a first request
    s.send(P.NopOut(immediate=1, ttt=P.NONE))
    t.ok(isinstance(P.decode(s.wire.recv().data)[1], P.NopIn), "the ping is not answered")
    tell(t, "drop")
    t.closes(s)


def iser_tgt_no_message_but_these(t):
    """Any other event is refused, and no message is sent."""
    s = t.session()
    s.nop()
    for text in ("logout", "logout x", "logout 70000", "logout 5 5", "drop 5", "negotiate", "rubbish", "", "l" * 5000):
        try:
            tell(t, text or "\n")
            t.fail(f"'{text[:20]}' is accepted")
        except OSError as e:
            t.eq(e.errno, errno.EINVAL, f"error of '{text[:20]}'")
    s.silent()
    t.alive(s)
