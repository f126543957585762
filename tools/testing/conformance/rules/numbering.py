# SPDX-License-Identifier: GPL-2.0
"""CmdSN, ExpCmdSN, MaxCmdSN, StatSN: RFC 7143 section 4.2.2, in serial number arithmetic."""

from iser import pdu as P
from iser.wire import Closed, Timeout


def ahead(a, b):
    """How far a is ahead of b."""
    d = a - b & P.NONE
    return d - (1 << 32) if d >> 31 else d


def rfc7143_4_2_2_1_expcmdsn_acknowledges_each_command(t):
    """ExpCmdSN advances by one with each command that is not immediate."""
    s = t.disk()
    for _ in range(10):
        before = s.cmdsn
        t.eq(s.test_unit_ready().response.expcmdsn, before + 1, "ExpCmdSN")


def rfc7143_4_2_2_1_immediate_commands_take_no_number(t):
    """Immediate pings do not advance ExpCmdSN, whatever CmdSN they carry."""
    s = t.session()
    for cmdsn in (s.cmdsn, s.cmdsn + 5, s.cmdsn - 100):
        t.eq(s.ask(P.NopOut(immediate=1, ttt=P.NONE), P.NopIn, cmdsn=cmdsn).expcmdsn, s.cmdsn, "ExpCmdSN")


def rfc7143_4_2_2_1_command_behind_the_window_is_ignored(t):
    """A command with a CmdSN already used is silently ignored."""
    s = t.disk()
    s.start(bytes(6), cmdsn=s.cmdsn - 1)
    s.silent()
    t.good(s.test_unit_ready())


def rfc7143_4_2_2_1_command_beyond_the_window_is_ignored(t):
    """A command with a CmdSN above MaxCmdSN is silently ignored."""
    s = t.disk()
    for beyond in (1, 1000, 1 << 30):
        s.start(bytes(6), cmdsn=s.maxcmdsn + beyond)
    s.silent()
    t.good(s.test_unit_ready())


def rfc7143_4_2_2_1_ignored_commands_cost_no_buffer(t):
    """After a thousand commands outside the window the target still has receive buffers."""
    s = t.disk()
    for i in range(1000):
        s.start(bytes(6), cmdsn=s.cmdsn - 1 - i)
        if i % 50 == 49:
            t.alive(s)
    t.good(s.test_unit_ready())


def rfc7143_4_2_2_1_ignored_write_changes_nothing(t):
    """A WRITE outside the window, with its immediate data, is not written to the disk."""
    s = t.disk(1 << 20)
    t.good(s.write(0, b"\x11" * 4096))
    for imm in (0, 512, 4096):
        s.start(s.rw_cdb(0x2A, 0, 4096 // s.block_size), write=b"\x22" * 4096, imm=imm, cmdsn=s.cmdsn - 1)
    s.silent()
    t.ok(t.good(s.read(0, 4096 // s.block_size)).data == b"\x11" * 4096, "it did")


def rfc7143_4_2_2_1_no_command_overtakes_a_missing_one(t):
    """Commands after a gap in CmdSN are held back; or the connection is closed, since on a single RDMA
    connection a gap is a protocol error."""
    s = t.disk()
    late = s.cmdsn
    try:
        ahead_of_it = s.start(bytes(6), cmdsn=late + 1)
        try:
            got = s.recv(t.target.ms(400))
            t.ok(isinstance(got, P.Reject), f"executed before its turn: {got}")
            return
        except Timeout:
            pass
        first = s.start(bytes(6), cmdsn=late)
        t.good(s.finish(first))
        t.good(s.finish(ahead_of_it))
        s.cmdsn = late + 2
        t.good(s.test_unit_ready())
    except Closed:
        t.note("the connection was closed")


def rfc7143_4_2_2_1_window_wraps(t):
    """CmdSN wraps from 0xffffffff to 0."""
    s = t.disk(cmdsn=0xFFFFFFF8)
    for _ in range(20):
        before = s.cmdsn
        t.eq(t.good(s.test_unit_ready()).response.expcmdsn, before + 1 & P.NONE, "ExpCmdSN")


def rfc7143_4_2_2_1_maxcmdsn_never_goes_back(t):
    """MaxCmdSN never decreases, and is never below ExpCmdSN - 1."""
    s = t.disk(1 << 20, credits=130)
    for _ in range(5):
        room = min(40, ahead(s.maxcmdsn, s.cmdsn) + 1)
        for c in [s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size) for _ in range(room)]:
            s.finish(c)
        s.nop()
    highest = s.seen[0].maxcmdsn
    for r in s.seen:
        t.ok(ahead(r.maxcmdsn, r.expcmdsn) >= -1, f"MaxCmdSN {r.maxcmdsn:#x}, ExpCmdSN {r.expcmdsn:#x}")
        t.ok(ahead(r.maxcmdsn, highest) >= 0, f"MaxCmdSN went from {highest:#x} to {r.maxcmdsn:#x}")
        highest = r.maxcmdsn


def rfc7143_4_2_2_1_a_whole_window_can_be_used(t):
    """As many commands as MaxCmdSN allows, sent at once with an RNR retry count of 0, are all answered:
    the target has a receive buffer for each."""
    s = t.disk(credits=155, rnr_retry=0)
    room = ahead(s.maxcmdsn, s.cmdsn) + 1
    t.note(f"window of {room}")
    many = [s.start(bytes(6)) for _ in range(min(room, 150))]
    for c in many:
        t.good(s.finish(c))


def rfc7143_4_2_2_2_statsn_goes_up_by_one(t):
    """StatSN of successive responses of all kinds advances by one, in the order sent."""
    s = t.disk(1 << 20, credits=130)
    for turn in range(10):
        running = [s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size) for _ in range(16)]
        itts = [s.send(P.NopOut(b"x", immediate=1, ttt=P.NONE)) for _ in range(4)]
        running += [s.start(s.rw_cdb(0x2A, 0, 8), write=bytes(8 * s.block_size), imm=512 * (turn & 1))
                    for _ in range(8)]
        for c in running:
            s.finish(c)
        for itt in itts:
            s.answer(itt)
        s.tmf(P.TaskManagement.ABORT_TASK, ref_itt=0x777)
    wrong = sum(ahead(b.statsn, a.statsn) != 1 for a, b in zip(s.seen, s.seen[1:]))
    t.eq(wrong, 0, f"number of wrong steps of StatSN in {len(s.seen)} responses")


def rfc7143_4_2_2_2_statsn_goes_on_from_login(t):
    """The first StatSN after login follows the one of the last Login Response."""
    s = t.session()
    last = s.logins[-1].statsn
    t.eq(s.nop().statsn, last + 1 & P.NONE, "StatSN")


def iser_tgt_the_window_grows_with_use(t):
    """The window of a session that keeps it full grows, up to the queue depth of its ACL, 64 here. Otherwise the window does not
    change."""
    s = t.disk(credits=130)

    def room():
        return s.maxcmdsn - s.cmdsn + 1 & 0xFFFFFFFF

    for _ in range(20):
        before = room()
        s.finish(s.start(s.rw_cdb(0x28, 0, 1), read=s.block_size))
        t.eq(room(), before, "window of a session with one command at a time")
    # if answers arrive before the last command is sent, the window is not always full
    for _ in range(300):
        if room() >= 64:
            break
        reads = [s.start(s.rw_cdb(0x28, 0, 1), read=s.block_size) for _ in range(room())]
        for c in reads:
            t.good(s.finish(c))
    t.note(f"from {before} to {room()}")
    t.ok(room() >= before, "the window has shrunk")
    t.ok(room() >= 64, f"only {room()} commands at a time, however busy the session is")
