# SPDX-License-Identifier: GPL-2.0
"""NOP-Out and NOP-In: RFC 7143 sections 11.18 and 11.19, RFC 7145 section 6.2."""

import os

from iser import pdu as P


def rfc7143_11_18_3_ping_data_comes_back(t):
    """A ping of 0 to 128 bytes is echoed completely."""
    s = t.session()
    for n in (0, 1, 3, 4, 48, 64, 127, 128):
        data = os.urandom(n)
        t.eq(s.nop(data).data, data, f"ping of {n} bytes")


def rfc7143_11_18_3_longer_ping_is_cut_to_what_initiators_have_buffers_for(t):
    """Of a ping of more than 128 bytes the first 128 are echoed: initiators post no larger buffers
    after login, regardless of the length they declare."""
    s = t.session()
    for n in (129, 512, 4096):
        data = os.urandom(n)
        t.eq(s.nop(data).data, data[:128], f"answer to a ping of {n} bytes")


def rfc7143_11_19_1_answer_has_no_transfer_tag(t):
    """A NOP-In that answers a ping has the task tag of the ping and no Target Transfer Tag."""
    s = t.session()
    r = s.nop(b"x", itt=0xFEEDBEEF)
    t.eq((r.itt, r.ttt), (0xFEEDBEEF, P.NONE), "task tags")
    t.eq(r.final, 1, "F bit")


def rfc7143_11_18_1_no_task_tag_no_answer(t):
    """A NOP-Out with task tag 0xffffffff is not answered."""
    s = t.session()
    s.send(P.NopOut(immediate=1, itt=P.NONE, ttt=P.NONE))
    s.silent()
    t.alive(s)


def rfc7143_3_2_2_1_ping_with_a_number(t):
    """A ping that is not immediate advances CmdSN, and the answer acknowledges it."""
    s = t.session()
    for _ in range(3):
        before = s.cmdsn
        t.eq(s.nop(b"", immediate=0).expcmdsn, before + 1, "ExpCmdSN")


def iser_tgt_a_hundred_pings(t):
    """A hundred pings in sequence; no receive buffer is leaked."""
    s = t.session(credits=4)
    for i in range(300):
        t.eq(s.nop(b"%d" % i, immediate=i & 1).data, b"%d" % i, "NOP-In data")
