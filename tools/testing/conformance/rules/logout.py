# SPDX-License-Identifier: GPL-2.0
"""Logout and the end of connections: RFC 7143 sections 11.14, 11.15, RFC 7145 section 5.2."""

from iser import pdu as P
from iser.pdu import Logout


def done(t, s, reason, want, **how):
    got = s.logout(reason, **how)
    t.ok(isinstance(got, P.LogoutResponse), f"answered with {got}")
    t.eq(got.response, want, "Logout Response")
    t.eq((got.final, got.dlen, got.ahslen), (1, 0, 0), "F bit, DataSegmentLength, TotalAHSLength")
    return got


def rfc7145_5_2_2_close_the_session(t):
    """Reason 0: answered 0, then the target closes the connection."""
    s = t.session()
    done(t, s, Logout.CLOSE_SESSION, 0)
    t.closes(s)


def rfc7145_5_2_2_close_the_connection(t):
    """Reason 1 with the CID of this connection: the same."""
    s = t.session()
    done(t, s, Logout.CLOSE_CONNECTION, 0)
    t.closes(s)


def rfc7143_11_15_1_unknown_cid(t):
    """Reason 1 with an unknown CID: 1, CID not found, and the session continues."""
    s = t.session()
    done(t, s, Logout.CLOSE_CONNECTION, 1, cid=77)
    t.alive(s)


def rfc7143_11_15_1_no_connection_recovery(t):
    """Reason 2 at ErrorRecoveryLevel 0: 2, connection recovery is not supported."""
    s = t.session()
    done(t, s, Logout.RECOVERY, 2)


def rfc7143_11_14_1_reserved_reason(t):
    """A reason that is reserved: Reject, or a Logout Response that is not success."""
    s = t.session()
    got = s.logout(55)
    t.ok(isinstance(got, P.Reject) or got.response, f"answered with {got}")


def rfc7143_11_14_immediate_logout(t):
    """Logout may be immediate."""
    s = t.session()
    done(t, s, Logout.CLOSE_SESSION, 0, immediate=1)
    t.closes(s)


def rfc7143_11_14_logout_ends_commands_under_way(t):
    """Logout after a batch of READs and WRITEs: they are answered before it or not at all, and none
    writes to memory after the connection has been closed."""
    s = t.disk(4 << 20)
    for i in range(8):
        s.start(s.rw_cdb(0x28 if i & 1 else 0x2A, 0, 128), **(
            {"read": 128 * s.block_size} if i & 1 else {"write": bytes(128 * s.block_size)}))
    done(t, s, Logout.CLOSE_SESSION, 0)
    t.closes(s, 5000)
    t.serves_others()


def rfc7143_11_14_nothing_behind_a_logout_is_executed(t):
    """A WRITE sent right behind a Logout, immediate or not, does not reach the disk."""
    for immediate in (1, 0):
        s = t.disk(1 << 20)
        t.good(s.write(0, b"\x11" * 4096))
        blocks = 4096 // s.block_size
        itt = s.send(Logout(reason=Logout.CLOSE_SESSION, cid=0, immediate=immediate))
        for imm in (4096, 0):
            s.start(s.rw_cdb(0x2A, 0, blocks), write=b"\x22" * 4096, imm=imm)
        t.eq(s.answer(itt).response, 0, "Logout Response")
        t.closes(s)
        other = t.disk(1 << 20)
        t.ok(t.good(other.read(0, blocks)).data == b"\x11" * 4096, "it was written")


def rfc7143_11_14_its_response_is_the_last(t):
    """Commands and functions that were sent before a Logout are answered before its response, or not at all."""
    s = t.disk(8 << 20, credits=130)
    running = {s.start(s.rw_cdb(0x28, 0, 1024), read=1024 * s.block_size).request.itt for _ in range(6)}
    running.add(s.send(P.TaskManagement(function=P.TaskManagement.ABORT_TASK_SET, lun=s._lun(None), ref_itt=P.NONE, immediate=1)))
    itt = s.send(Logout(reason=Logout.CLOSE_SESSION, cid=0, immediate=1))
    answered = []
    while not answered or answered[-1] != itt:
        answered.append(s.recv(t.target.ms(10000)).itt)
    t.note(f"{len(answered) - 1} of {len(running)} were answered before")
    t.ok(set(answered[:-1]) <= running, f"answered {answered}")
    t.closes(s)


def rfc7143_11_14_5_same_isid_after_logout(t):
    """After logout the same initiator port can log in again, as a new session."""
    a = t.session()
    done(t, a, Logout.CLOSE_SESSION, 0)
    t.closes(a)
    t.alive(t.session(isid=a.isid))


def rfc7145_5_2_3_2_connection_gone_without_logout(t):
    """The initiator disconnects with commands in progress; a new login with its ISID works at once."""
    s = t.disk(4 << 20)
    for _ in range(8):
        s.start(s.rw_cdb(0x28, 0, 1024), read=1024 * s.block_size)
    isid = s.isid
    s.close()
    t.alive(t.session(isid=isid))


def rfc7145_5_2_3_2_queue_pair_broken_without_a_word(t):
    """The initiator's queue pair breaks with commands in progress; the old session is reinstated."""
    s = t.disk(4 << 20)
    for _ in range(8):
        s.start(s.rw_cdb(0x28, 0, 1024), read=1024 * s.block_size)
    s.wire.break_qp()
    t.alive(t.session(isid=s.isid))
    t.serves_others()


def rfc7145_10_1_2_2_key_revoked_before_the_data_came(t):
    """The initiator's memory is deregistered before the target writes to it: this connection ends,
    and no other is affected."""
    other = t.session()
    s = t.disk(4 << 20)
    c = s.start(s.rw_cdb(0x28, 0, 2048), read=2048 * s.block_size)
    c.window.free()
    try:
        s.answer(c.request.itt)
    except Exception as e:
        t.note(f"{type(e).__name__}: {e}")
    t.alive(other)
    t.serves_others()


def rfc7145_10_1_2_2_key_that_never_was(t):
    """An STag that was never registered: this connection ends or the command fails; no other is affected."""
    other = t.session()
    for read in (0x28, 0):
        s = t.disk()
        iser = P.IserHeader(rsv=bool(read), wsv=not read, read_stag=0x123456, read_va=4096,
                            write_stag=0x123456, write_va=4096)
        cmd = P.ScsiCommand(r=bool(read), w=not read, edtl=512, attr=1, lun=s._lun(None),
                            cdb=s.rw_cdb(read or 0x2A, 0, 1))
        try:
            got = s.answer(s.send(cmd, iser), t.target.ms(5000))
            t.ok(getattr(got, "status", 1), f"answered with {got}")
        except Exception as e:
            t.note(f"{type(e).__name__}: {e}")
        t.alive(other)
    t.serves_others()
