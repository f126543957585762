# SPDX-License-Identifier: GPL-2.0
"""NOP-In pings: RFC 7143 sections 11.18 and 11.19. Skipped if the target sends no ping within some seconds."""

import time

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS
from iser.wire import Closed, Timeout

SECONDS = 6


def asked(t, s):
    """The target's ping, without answering it."""
    try:
        while True:
            got = P.decode(s.wire.recv(t.target.ms(SECONDS * 1000)).data)[1]
            if isinstance(got, P.NopIn) and got.itt == P.NONE:
                return got
    except Timeout:
        t.skip(f"the target has not asked for {SECONDS} s")


def left_alone(t, s, ms):
    """Nothing comes for so long, not even a ping, and the connection is not closed."""
    try:
        got = s.wire.recv(ms)
        t.fail(f"sent {P.decode(got.data)[1]}")
    except Timeout:
        pass
    except Closed:
        t.fail(f"closed within {ms} ms")


def rfc7143_11_19_2_a_silent_initiator_is_asked(t):
    """NOP-In with a Target Transfer Tag, without a task tag and without data. It carries StatSN but does not advance it."""
    s = t.session()
    s.nop()
    got = asked(t, s)
    t.ok(got.ttt != P.NONE, "no Target Transfer Tag")
    t.eq((got.final, got.dlen, got.ahslen), (1, 0, 0), "F bit, DataSegmentLength, TotalAHSLength")
    t.eq(got.statsn, s.expstatsn, "StatSN")
    s.send(P.NopOut(immediate=1, itt=P.NONE, ttt=got.ttt, lun=got.lun))
    t.alive(s)


def rfc7143_11_18_2_who_answers_stays(t):
    """An initiator that only answers pings keeps its session."""
    s = t.session()
    s.nop()
    asked(t, s)
    s.wire.post_recv(204)
    s.nop()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            s.recv(t.target.ms(1000))       # answers
        except Timeout:
            pass
    t.alive(s)


def iser_tgt_who_does_not_answer_is_closed(t):
    """The session is closed if a ping is not answered."""
    s = t.session()
    s.nop()
    asked(t, s)
    t.closes(s, SECONDS * 1000)


def rfc7145_8_1_2_one_ping_at_a_time(t):
    """With MaxOutstandingUnexpectedPDUs an initiator that leaves a ping unanswered, and acknowledges nothing, is not sent a second one. If
    it falls silent its session is closed all the same."""
    s = t.session(keys={**OPEN_ISCSI_KEYS, "MaxOutstandingUnexpectedPDUs": 2})
    s.nop()
    asked(t, s)
    s.send(P.NopOut(immediate=1, ttt=P.NONE, itt=s.next_itt(), cmdsn=s.cmdsn, expstatsn=s.expstatsn), number=False)
    t.ok(P.decode(s.wire.recv().data)[1].itt != P.NONE, "the request is not answered")
    try:
        got = P.decode(s.wire.recv(t.target.ms(SECONDS * 2000)).data)[1]
        t.fail(f"not closed, but sent {got}")
    except Closed:
        pass


def iser_tgt_nobody_is_asked_before_its_first_request(t):
    """No ping before the first request of a session: until then libiscsi has no buffer for it."""
    s = t.session()
    left_alone(t, s, t.target.ms(SECONDS * 500))
    t.alive(s)
