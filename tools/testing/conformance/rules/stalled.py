# SPDX-License-Identifier: GPL-2.0
"""Commands that the disk holds until a rule releases them, so that no rule depends on timing. ISER_TGT_STALL is the name of the
device-mapper device below the LUN: while it is suspended it accepts commands and completes none."""

import contextlib
import os
import subprocess
import time

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS, OPERATIONAL, SECURITY
from iser.pdu import TaskManagement as T
from iser.pdu import TaskManagementResponse as R
from iser.wire import FILL, Timeout, WireError

from .data import KIB, MIB
from .keepalive import asked as ping
from .keepalive import left_alone
from .splits import stamped, widen
from .tasks import asked


@contextlib.contextmanager
def stall(t):
    if "ISER_TGT_STALL" not in os.environ:
        t.skip("ISER_TGT_STALL is not set")
    dm = os.environ["ISER_TGT_STALL"]
    subprocess.run(["dmsetup", "suspend", "--noudevsync", "--nolockfs", dm], check=True)
    try:
        yield
    finally:
        subprocess.run(["dmsetup", "resume", "--noudevsync", dm], check=True)


def iser_tgt_flush_before_status(t):
    """SYNCHRONIZE CACHE with IMMED is answered when the disk has flushed: the target core uses the command and the disk until then."""
    s = t.disk()
    with stall(t):
        flush = s.start(bytes([0x35, 2]) + bytes(8))
        s.silent(1000)
        t.alive(s)
    t.good(s.finish(flush, t.target.ms(30000)))


def rfc7143_11_17_1_too_many_immediate_commands(t):
    """WRITEs for immediate delivery are outside the window, and each occupies a receive buffer until the disk completes it. The first
    two of a session are accepted, the others rejected with reason 6; numbered requests are still processed. After the two have
    completed, the next ones are accepted."""
    sessions = [t.disk(MIB) for _ in range(4)]
    running, blocks = [], 4 * KIB // sessions[0].block_size

    def immediate(s, lba):
        return s.start(s.rw_cdb(0x2A, lba, blocks), write=stamped(4 * KIB, lba, lba), imm=4 * KIB, immediate=1)

    with stall(t):
        for s in sessions:
            for _ in range(2):
                lba = len(running) * blocks
                running.append((s, lba, immediate(s, lba)))
        for _ in range(30):
            for s in sessions:
                request = P.ScsiCommand(stamped(4 * KIB, 0, 0), w=True, attr=1, cdb=s.rw_cdb(0x2A, 0, blocks), lun=s._lun(None),
                                        edtl=4 * KIB, immediate=1)
                t.rejected(s, request, P.Reject.TOO_MANY_IMMEDIATE)
        for s in sessions:
            t.alive(s)
    for s, _, c in running:
        t.good(s.finish(c, t.target.ms(30000)), "a WRITE that was kept")
    for s, lba, _ in running:
        t.ok(t.good(s.read(lba, blocks)).data == stamped(4 * KIB, lba, lba), f"wrong data at block {lba}")
    for s in sessions:
        for lba in range(0, 8 * blocks, blocks):
            t.good(s.finish(immediate(s, lba)), "an immediate WRITE, one after the other")


def rfc7143_4_2_2_1_what_waits_has_a_buffer(t):
    """A window full of WRITEs whose data stays in the receive buffers until the disk completes them, then pings from an initiator that
    receives nothing: those that wait are few, and it is closed; the buffers of other sessions stay theirs."""
    s = t.disk(MIB, credits=16)
    widen(t, s, 60)
    other = t.disk()
    blocks = 4 * KIB // s.block_size
    with stall(t):
        for _ in range(s.maxcmdsn - s.cmdsn + 1 & P.NONE):
            s.start(s.rw_cdb(0x2A, 0, blocks), write=stamped(4 * KIB, 0, 0), imm=4 * KIB)
        s.wire.post_recv = lambda *_: None
        # each that is answered has a context, of which there are some 30 more than commands, or one of the buffers that are posted
        with contextlib.suppress(WireError):
            for _ in range(80):
                s.send(P.NopOut(bytes(8), immediate=1, ttt=P.NONE), wait=True)
        t.closes(s)
        t.alive(other)
    t.serves_others()


def rfc7143_4_2_2_1_what_waits_beside_immediate_commands(t):
    """Functions behind a request that was rejected wait in receive buffers, until the session has used up those that it may have. Two WRITEs for
    immediate delivery, whose data stays in receive buffers until the disk completes them, leave two fewer."""
    def may_wait(s):
        t.rejected(s, P.ScsiCommand(attr=1, cdb=bytes(6), lun=s._lun(None), itt=P.NONE), P.Reject.INVALID_FIELD)
        number = 0
        with contextlib.suppress(WireError):
            while number < 60:
                s.send(T(function=T.LUN_RESET, lun=s._lun(None), immediate=1), cmdsn=s.cmdsn + 1, wait=True)
                s.silent(100)
                number += 1
        t.closes(s)
        return number

    s = t.disk(MIB)
    blocks = 4 * KIB // s.block_size
    with stall(t):
        for _ in range(2):
            s.start(s.rw_cdb(0x2A, 0, blocks), write=stamped(4 * KIB, 0, 0), imm=4 * KIB, immediate=1)
        t.alive(s)
        beside = may_wait(s)
    alone = may_wait(t.disk(MIB))
    t.eq(beside, alone - 2, f"functions that may wait, of {alone}")
    t.serves_others()


def iser_tgt_what_waits_leaves_logins_their_buffers(t):
    """Forty sessions whose requests wait behind one that was rejected, as many as may: READs, and immediate functions. Others can still log in."""
    with stall(t):
        pass
    held = []
    for _ in range(40):
        s = t.disk()
        held.append(s)
        t.rejected(s, P.ScsiCommand(attr=1, cdb=bytes(6), lun=s._lun(None), itt=P.NONE), P.Reject.INVALID_FIELD)
        with contextlib.suppress(WireError):
            for _ in range(7):
                s.start(s.rw_cdb(0x28, 0, 1), read=s.block_size)
            for _ in range(11):
                s.send(T(function=T.LUN_RESET, lun=s._lun(None), immediate=1), cmdsn=s.cmdsn + 1, wait=True)
    t.serves_others()


def _kept(s, write, lba):
    """A command of 4 KiB, which reaches the disk as soon as it has been received."""
    blocks = 4 * KIB // s.block_size
    if write:
        return s.start(s.rw_cdb(0x2A, lba, blocks), write=stamped(4 * KIB, lba, lba), imm=4 * KIB)
    return s.start(s.rw_cdb(0x28, lba, blocks), read=4 * KIB)


def rfc7143_11_5_1_a_set_that_the_disk_keeps(t):
    """ABORT TASK SET with one task, then three, held by the disk: no response while the disk holds them, then 0,
    function complete. The aborted tasks are not answered and transfer no data; tasks of another session are answered."""
    for write in (False, True):
        for number in (1, 3):
            s, other = t.disk(MIB), t.disk(MIB)
            with stall(t):
                tasks = [_kept(s, write, 8 * i) for i in range(number)]
                theirs = _kept(other, write, 800)
                t.alive(other)
                itt = s.send(T(function=T.ABORT_TASK_SET, lun=s._lun(None), immediate=1))
                s.silent(500)
            got = s.answer(itt)
            t.eq(got.response, R.COMPLETE, "task management response")
            answered = {pdu.itt for pdu in s.inbox}
            t.ok(len(answered) < number, f"{len(answered)} of {number} tasks were answered, none aborted")
            s.inbox.clear()
            s.silent()
            for c in tasks:
                if c.request.itt not in answered and not write:
                    t.eq(set(c.data), {FILL}, "what an aborted READ has brought")
            t.good(other.finish(theirs), "another session's task")
            t.good(s.finish(_kept(s, write, 0)), "the next task")
            s.close()
            other.close()


def rfc7143_11_5_1_a_reset_behind_data_that_waits(t):
    """LOGICAL UNIT RESET, and ABORT TASK of the last task, after 64 READs of 1 MiB that the disk has completed while their data waits
    for the send queue: READs are answered before the function response or not at all, and no answer or data follows it."""
    number = 64
    for function in (T.LUN_RESET, T.ABORT_TASK):
        s = t.disk(number * MIB, credits=140)
        widen(t, s, number)
        blocks = MIB // s.block_size
        with stall(t):
            running = [s.start(s.rw_cdb(0x28, i * blocks, blocks), read=MIB) for i in range(number)]
            last = running[-1].request
        s.answer(running[0].request.itt, t.target.ms(30000))
        about = {"ref_itt": last.itt, "ref_cmdsn": last.cmdsn} if function == T.ABORT_TASK else {}
        itt = s.send(T(function=function, lun=s._lun(None), immediate=1, **about))
        got = s.answer(itt, t.target.ms(30000))
        t.among(got.response, (R.COMPLETE, R.NO_TASK), "task management response")
        tasks = [c for c in running[1:] if function == T.LUN_RESET or c.request is last]
        answered = {pdu.itt for pdu in s.inbox}
        untouched = [c for c in tasks if c.request.itt not in answered]
        before = [bytes(c.data) for c in untouched]
        if got.response == R.NO_TASK:
            t.eq(untouched, [], "tasks that do not exist, and have not been answered")
        try:
            while True:
                pdu = s.recv(t.target.ms(500))
                t.ok(pdu.itt not in {c.request.itt for c in tasks}, "a task is answered behind the answer to the function")
        except Timeout:
            pass
        t.ok(before == [bytes(c.data) for c in untouched], "data has come behind the answer to the function")
        for c in running:
            c.free()
        s.close()


def rfc7143_11_6_1_abort_of_a_number_behind_a_full_window(t):
    """ABORT TASK with a RefCmdSN that is the next number, but outside the window: 1, task does not exist, and ExpCmdSN stays. A numbered one
    has a CmdSN outside the window as well, and is ignored."""
    s = t.disk(MIB, credits=100)
    widen(t, s, 60)
    with stall(t):
        reads = [_kept(s, False, 8 * i) for i in range(s.maxcmdsn - s.cmdsn + 1 & P.NONE)]
        for _ in range(4):
            got = s.answer(s.send(T(function=T.ABORT_TASK, lun=s._lun(None), immediate=1, ref_itt=0x777, ref_cmdsn=s.cmdsn), cmdsn=s.cmdsn + 1))
            t.eq(got.response, R.NO_TASK, "task management response")
            t.eq(got.expcmdsn, s.cmdsn, "ExpCmdSN")
        s.send(T(function=T.ABORT_TASK, lun=s._lun(None), ref_itt=0x777, ref_cmdsn=s.cmdsn), cmdsn=s.cmdsn + 1)
        s.silent()
        t.alive(s)
    for c in reads:
        t.good(s.finish(c, t.target.ms(30000)))
    t.good(s.finish(_kept(s, False, 0)), "the next task")


def rfc7143_11_5_1_a_set_has_no_later_task(t):
    """An immediate ABORT TASK SET carries the CmdSN of the next command. That command is not part of the set and is executed
    normally."""
    s = t.disk(MIB)
    with stall(t):
        tasks = [_kept(s, False, 8 * i) for i in range(3)]
        itt = s.send(T(function=T.ABORT_TASK_SET, lun=s._lun(None), immediate=1))
        later = [_kept(s, False, 80 + 8 * i) for i in range(4)]
        s.silent(500)
    t.eq(s.answer(itt).response, R.COMPLETE, "task management response")
    early = {pdu.itt for pdu in s.inbox}
    for c in later:
        t.good(s.finish(c, t.target.ms(5000)), "a later task")
    for c in tasks:
        t.ok(c.request.itt in early or c.request.itt not in {pdu.itt for pdu in s.inbox}, "a task of the set is answered behind it")


def iser_tgt_one_set_at_a_time(t):
    """A second ABORT TASK SET while one is in progress: 255, rejected, at once. The first is not affected, and after it another is
    accepted."""
    s = t.disk(MIB)
    with stall(t):
        _kept(s, False, 0)
        first = s.send(T(function=T.ABORT_TASK_SET, lun=s._lun(None), immediate=1))
        for _ in range(2):
            asked(t, s, T.ABORT_TASK_SET, R.REJECTED)
        s.silent()
    t.eq(s.answer(first).response, R.COMPLETE, "response to the first")
    asked(t, s, T.ABORT_TASK_SET, R.COMPLETE)


def iser_tgt_more_data_than_the_send_queue_has_room_for(t):
    """64 commands of 1 MiB at a time, a READ after each WRITE: the data of a few fills the send queue, the others wait for it. All data
    is transferred correctly."""
    s, half = t.disk(64 * MIB, credits=140), 32
    widen(t, s, 2 * half)
    blocks = MIB // s.block_size
    at = [i * blocks for i in range(2 * half)]
    for lba in at[half:]:
        t.good(s.write(lba, stamped(MIB, lba, 1), ms=t.target.ms(30000))).free()
    running = []
    with stall(t):
        for wlba, rlba in zip(at[:half], at[half:]):
            running.append((None, s.start(s.rw_cdb(0x2A, wlba, blocks), write=stamped(MIB, wlba, 2))))
            running.append((rlba, s.start(s.rw_cdb(0x28, rlba, blocks), read=MIB)))
    for lba, c in running:
        t.good(s.finish(c, t.target.ms(30000)), "one of 64")
        t.ok(lba is None or c.data == stamped(MIB, lba, 1), f"a READ among them brings wrong data from block {lba}")
        c.free()
    for lba in at[:half]:
        c = t.good(s.read(lba, blocks, ms=t.target.ms(30000)))
        t.ok(c.data == stamped(MIB, lba, 2), f"a WRITE among them has left wrong data at block {lba}")
        c.free()


def _pending_logins():
    with open("/sys/kernel/debug/iser_tgt/logins", encoding="ascii") as f:
        return int(f.readline().split()[1])


def iser_tgt_who_waits_for_its_old_session_may_go(t):
    """A login that reinstates a session waits for the old session's commands. If the initiator gives up before that, its connection is
    released, and no longer counted, at once, without waiting for the disk."""
    s = t.disk(MIB)
    with stall(t):
        _kept(s, False, 0)
        t.alive(s)
        new = t.connection(isid=s.isid)
        new.negotiate(new.login_request({**new.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
        new.send_login(new.login_request(OPEN_ISCSI_KEYS))
        try:
            new.wire.recv(t.target.ms(500))
            t.fail("the login is answered though a command of the old session is in the disk")
        except Timeout:
            pass
        t.eq(_pending_logins(), 1, "logins under way")
        new.close()
        end = time.monotonic() + t.target.ms(3000) / 1000
        while _pending_logins():
            t.ok(time.monotonic() < end, "the connection is still there")
            time.sleep(0.05)


def iser_tgt_the_old_session_may_take_long(t):
    """The same login, without giving up: it is answered after the disk has answered, however long that takes. After ten seconds the
    target logs what it waits for."""
    s = t.disk(MIB)
    new = t.connection(isid=s.isid)
    with stall(t):
        _kept(s, False, 0)
        t.alive(s)
        new.negotiate(new.login_request({**new.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
        new.send_login(new.login_request(OPEN_ISCSI_KEYS))
        try:
            new.wire.recv(20000)
            t.fail("the login is answered though a command of the old session is in the disk")
        except Timeout:
            pass
    t.eq(new.recv_login(t.target.ms(5000)).status, 0, "status")


def _lost(t, s):
    """Three tasks of this session end with its connection."""
    for i in range(3):
        s.start(s.rw_cdb(0x28, 8 * i, 8), read=8 * s.block_size)
    t.alive(s)
    s.close()


def rfc7143_11_14_5_unit_attention_after_tasks_were_ended(t):
    """Tasks that a lost connection has ended: the next command of the same initiator port to that LUN has a unit attention, 47h/7Fh, once.
    INQUIRY has none, nor has a session of another initiator port of the same name."""
    s, beside = t.disk(), t.disk()
    with stall(t):
        _lost(t, s)
    t.session(isid=s.isid).close()
    again = t.session(isid=s.isid)
    t.good(beside.test_unit_ready(), "a command of another port")
    t.good(again.inquiry(), "INQUIRY")
    read = again.rw_cdb(0x28, 0, 1)
    c = again.scsi(read, read=s.block_size)
    t.check_condition(c, 6, (0x47, 0x7F))
    t.eq(c.residual, -s.block_size, "residual")
    t.good(again.test_unit_ready(), "the command after that")
    t.good(again.scsi(read, read=s.block_size), "a READ after that")


def rfc7143_11_14_5_no_unit_attention_after_a_logout(t):
    """A session that has logged out after the response to its last task has ended none: no unit attention for the next."""
    s = t.disk()
    t.good(s.read(0, 8))
    s.logout()
    t.closes(s)
    t.good(t.session(isid=s.isid).test_unit_ready())


def rfc7143_11_4_11_the_window_that_a_reset_opens_is_told(t):
    """Another session's LUN reset ends all commands of a session that used its whole window, without a response (TAS=0): a PDU tells it
    the new MaxCmdSN."""
    s, other = t.disk(credits=130), t.disk()
    with stall(t):
        room = s.maxcmdsn - s.cmdsn + 1 & P.NONE
        for _ in range(room):
            s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size)
        full = s.cmdsn - 1 & P.NONE
        t.eq(s.nop().maxcmdsn, full, "MaxCmdSN of a full window")
        itt = other.send(T(function=T.LUN_RESET, lun=other._lun(None), immediate=1))
        t.alive(other)
    other.answer(itt, t.target.ms(10000))
    end = time.monotonic() + t.target.ms(3000) / 1000
    while s.maxcmdsn == full:
        t.ok(time.monotonic() < end, "no PDU with a new MaxCmdSN")
        try:
            got = s.recv(200)
            t.ok(not isinstance(got, P.ScsiResponse), f"a command is answered: {got}; the disk must have TAS=0")
        except Timeout:
            pass
    t.alive(s)


def iser_tgt_who_is_told_of_the_window_is_not_asked_twice(t):
    """A reset by another session ends a command of a session that has not answered a ping yet: the ping that tells it its window takes
    nothing from the time it has for an answer."""
    s, other = t.disk(), t.disk()
    with stall(t):
        s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size)
        ping(t, s)
        itt = other.send(T(function=T.LUN_RESET, lun=other._lun(None), immediate=1))
        t.alive(other)
    other.answer(itt, t.target.ms(10000))
    ping(t, s)
    left_alone(t, s, 4000)
    t.alive(s)


def _tested(t, s, what, attr):
    """TEST UNIT READY, its unit attentions behind it."""
    for _ in range(4):
        c = s.finish(s.start(bytes(6), attr=attr), t.target.ms(4000))
        if c.status != 2 or c.response.sense_code[0] != 6:
            break
    t.good(c, what)


def _goes_on(t, *sessions):
    for s in sessions:
        for attr in (2, 1, 3, 2):
            _tested(t, s, f"a command with task attribute {attr}", attr)


def iser_tgt_ordered_commands_after_an_abort(t):
    """ORDERED commands, and those behind them, are executed after a task was aborted that the disk had not completed: by ABORT TASK, by
    ABORT TASK SET, or by another session's LUN reset."""
    s, other = t.disk(), t.disk()
    _goes_on(t, s, other)
    for function in (T.ABORT_TASK, T.ABORT_TASK_SET, T.LUN_RESET):
        for attr in (1, 3):
            sender = other if function == T.LUN_RESET else s
            with stall(t):
                c = s.start(s.rw_cdb(0x28, 0, 1), read=s.block_size, attr=attr)
                t.alive(s)
                itt = sender.send(T(function=function, lun=s._lun(None), ref_itt=c.request.itt, ref_cmdsn=c.request.cmdsn, immediate=1))
                t.alive(sender)
                time.sleep(0.2)
            t.eq(sender.answer(itt, t.target.ms(10000)).response, R.COMPLETE, "task management response")
            s.inbox.clear()
            _goes_on(t, s, other)


def iser_tgt_ordered_command_that_is_aborted(t):
    """An ORDERED command that waits for a READ is aborted, and a SIMPLE one behind it: the READ is answered, the next commands are
    executed."""
    s, other = t.disk(), t.disk()
    for attrs in ((2,), (2, 1), (2, 2)):
        with stall(t):
            c = s.start(s.rw_cdb(0x28, 0, 1), read=s.block_size)
            waiting = [s.start(bytes(6), attr=attr) for attr in attrs]
            t.alive(s)
            itts = [s.send(T(function=T.ABORT_TASK, lun=s._lun(None), ref_itt=w.request.itt, ref_cmdsn=w.request.cmdsn, immediate=1))
                    for w in waiting]
            t.alive(s)
            time.sleep(0.2)
        t.good(s.finish(c, t.target.ms(5000)), "the READ")
        for itt in itts:
            t.among(s.answer(itt, t.target.ms(10000)).response, (R.COMPLETE, R.NO_TASK), "task management response")
        s.inbox.clear()
        _goes_on(t, s, other)
