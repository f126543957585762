# SPDX-License-Identifier: GPL-2.0
"""Task management: RFC 7143 sections 11.5 and 11.6. Other tasks of a session are not affected."""

import time

from iser import pdu as P
from iser.pdu import TaskManagement as T
from iser.pdu import TaskManagementResponse as R
from iser.wire import Closed


def asked(t, s, function, *want, **how):
    got = s.tmf(function, **how)
    t.ok(isinstance(got, R), f"answered with {got}")
    t.among(got.response, want, "task management response")
    t.eq((got.final, got.dlen, got.ahslen), (1, 0, 0), "F bit, DataSegmentLength, TotalAHSLength")
    t.alive(s)
    return got


def rfc7143_11_6_1_abort_of_an_unknown_task(t):
    """ABORT TASK for an unknown task, RefCmdSN outside the window: 1, task does not exist."""
    s = t.disk()
    asked(t, s, T.ABORT_TASK, R.NO_TASK, ref_itt=0x777, ref_cmdsn=s.cmdsn - 1)


def rfc7143_11_6_1_abort_of_a_task_already_answered(t):
    """The same for a task that has been answered."""
    s = t.disk()
    c = s.test_unit_ready()
    asked(t, s, T.ABORT_TASK, R.NO_TASK, ref_itt=c.request.itt, ref_cmdsn=c.request.cmdsn)


def rfc7143_11_5_1_abort_task_under_way(t):
    """ABORT TASK for a READ just sent. 0, function complete: the READ is answered before, or never.
    1, task does not exist: the READ has been answered."""
    s = t.disk(4 << 20)
    for size in (8, 512, 2048):
        c = s.start(s.rw_cdb(0x28, 0, size), read=size * s.block_size)
        itt = s.send(T(function=T.ABORT_TASK, lun=s._lun(None), ref_itt=c.request.itt,
                       ref_cmdsn=c.request.cmdsn, immediate=1))
        got = s.answer(itt, t.target.ms(10000))
        t.among(got.response, (R.COMPLETE, R.NO_TASK), "task management response")
        if got.response == R.NO_TASK:
            t.ok(c.request.itt in {pdu.itt for pdu in s.inbox}, "the task is answered behind the answer that it does not exist")
        s.inbox.clear()
        s.silent()
        t.contained(c)
        t.alive(s)


def rfc7143_11_5_1_lun_reset(t):
    """LOGICAL UNIT RESET: 0, function complete, and the disk still works."""
    s = t.disk()
    asked(t, s, T.LUN_RESET, R.COMPLETE)
    for _ in range(3):      # a unit attention is pending
        if s.test_unit_ready().status == 0:
            return
    t.fail("the disk is not ready after the reset")


def iser_tgt_compare_and_write_that_is_refused(t):
    """COMPARE AND WRITE that fails before it is executed, for a unit attention or because its data cannot be fetched: answered,
    without a warning of the kernel, and the next one works."""
    s, other = t.disk(), t.disk()
    size = s.block_size
    cdb = bytes([0x89, 0]) + (0).to_bytes(8, "big") + bytes(3) + bytes([1]) + bytes(2)
    there = t.good(s.read(0, 1)).data
    asked(t, other, T.LUN_RESET, R.COMPLETE)
    t.check_condition(s.scsi(cdb, write=there + there, imm=2 * size), 6)
    t.good(s.scsi(cdb, write=there + there, imm=2 * size))
    t.good(s.scsi(cdb, write=there + there))
    window = s.wire.window(2 * size, readable=False)
    iser = P.IserHeader(wsv=1, write_stag=window.rkey, write_va=window.va)
    s.send(P.ScsiCommand(w=1, attr=1, edtl=2 * size, lun=s._lun(None), cdb=cdb), iser)
    got = t.settled(s, 5000)
    t.ok(got is None or isinstance(got, P.Reject) or got.status, f"answered with {got}")
    for _ in range(3):
        c = other.scsi(cdb, write=there + there)
        if c.status == 0:
            return
    t.fail(f"COMPARE AND WRITE ends with status {c.status:#x}, sense {c.response.sense_code}")


def rfc7143_11_5_1_lun_reset_of_an_unknown_lun(t):
    """LOGICAL UNIT RESET of an unknown LUN: 2, LUN does not exist."""
    asked(t, t.disk(), T.LUN_RESET, R.NO_LUN, lun=201)


def rfc7143_11_5_1_abort_task_set(t):
    """ABORT TASK SET: done, or 5, not supported."""
    asked(t, t.disk(), T.ABORT_TASK_SET, R.COMPLETE, R.NOT_SUPPORTED)


def rfc7143_11_5_1_clear_task_set(t):
    """CLEAR TASK SET: 5, not supported; or 0, and then the tasks of all other sessions have been cleared as well."""
    other, s = t.disk(4 << 20), t.disk()
    reads = [other.start(other.rw_cdb(0x28, 0, 2048), read=2048 * other.block_size) for _ in range(4)]
    if asked(t, s, T.CLEAR_TASK_SET, R.COMPLETE, R.NOT_SUPPORTED).response == R.NOT_SUPPORTED:
        for c in reads:
            t.good(other.finish(c))
    else:
        other.inbox.clear()
        other.silent()


def rfc7143_11_5_1_a_set_under_way(t):
    """ABORT TASK SET and CLEAR TASK SET with READs in progress. 0, function complete: no READ is answered after it. 5, not
    supported: all READs are answered."""
    for function in (T.ABORT_TASK_SET, T.CLEAR_TASK_SET):
        s = t.disk(4 << 20)
        reads = [s.start(s.rw_cdb(0x28, 0, 2048), read=2048 * s.block_size) for _ in range(4)]
        itt = s.send(T(function=function, lun=s._lun(None), ref_itt=P.NONE, immediate=1))
        got = s.answer(itt, t.target.ms(10000))
        t.among(got.response, (R.COMPLETE, R.NOT_SUPPORTED), "task management response")
        if got.response == R.NOT_SUPPORTED:
            for c in reads:
                s.finish(c)
        t.note(f"{len(s.inbox)} of {len(reads)} were answered before")
        s.inbox.clear()
        s.silent()
        for c in reads:
            t.contained(c)
        t.alive(s)


def rfc7143_11_6_1_a_set_of_an_unknown_lun(t):
    """ABORT TASK SET and CLEAR TASK SET for an unknown LUN: 2, LUN does not exist, or 5, not supported."""
    for function in (T.ABORT_TASK_SET, T.CLEAR_TASK_SET):
        asked(t, t.disk(), function, R.NO_LUN, R.NOT_SUPPORTED, lun=201)


def rfc7143_11_5_1_clear_aca(t):
    """CLEAR ACA: done, or 5, not supported."""
    asked(t, t.disk(), T.CLEAR_ACA, R.COMPLETE, R.NOT_SUPPORTED)


def rfc7143_11_5_1_target_warm_reset(t):
    """TARGET WARM RESET is optional: done, 5 or 6."""
    asked(t, t.disk(), T.WARM_RESET, R.COMPLETE, R.NOT_SUPPORTED, R.NOT_AUTHORIZED)


def rfc7143_11_5_1_target_cold_reset(t):
    """TARGET COLD RESET is optional: 5 or 6, and the session continues; or the connection is closed."""
    s = t.disk()
    try:
        got = s.tmf(T.COLD_RESET)
    except Closed:
        return
    if got.response == R.COMPLETE:
        t.closes(s)
    else:
        t.among(got.response, (R.NOT_SUPPORTED, R.NOT_AUTHORIZED), "task management response")
        t.alive(s)


def rfc7143_11_5_1_task_reassign(t):
    """TASK REASSIGN at ErrorRecoveryLevel 0: 4, not supported; or 1 or 5."""
    asked(t, t.disk(), T.REASSIGN, R.NO_REASSIGN, R.NO_TASK, R.NOT_SUPPORTED, ref_itt=0x777)


def rfc7143_11_5_1_unknown_function(t):
    """A function code that does not exist: 5, not supported, or 255, rejected; or a Reject."""
    for function in (0, 9, 42, 127):
        s = t.disk()
        got = s.tmf(function)
        if not isinstance(got, P.Reject):
            t.among(got.response, (R.NOT_SUPPORTED, R.REJECTED), f"response to function {function}")
        t.alive(s)


def rfc7143_11_5_task_management_with_a_number(t):
    """A Task Management Request that is not immediate advances CmdSN."""
    s = t.disk()
    before = s.cmdsn
    t.eq(asked(t, s, T.LUN_RESET, R.COMPLETE, immediate=0).expcmdsn, before + 1, "ExpCmdSN")


def rfc7143_11_5_1_task_management_cannot_be_aborted(t):
    """ABORT TASK of a task management request: 255, rejected, or 1 if it has completed; of itself, which has not: 255."""
    s = t.disk()
    done = s.tmf(T.LUN_RESET)
    asked(t, s, T.ABORT_TASK, R.REJECTED, R.NO_TASK, ref_itt=done.itt)
    itt = s.next_itt()
    asked(t, s, T.ABORT_TASK, R.REJECTED, ref_itt=itt, itt=itt)


def rfc7143_11_17_1_task_management_with_the_tag_of_a_task(t):
    """A Task Management Request with the task tag of a command in progress: Reject, task in progress; or it is answered because
    the command has ended before."""
    s = t.disk(8 << 20)
    c = s.start(s.rw_cdb(0x28, 0, 8192), read=8192 * s.block_size)
    s.send(T(function=T.LUN_RESET, lun=s._lun(None), ref_itt=P.NONE, immediate=1, itt=c.request.itt))
    got = [s.recv(t.target.ms(10000)) for _ in range(2)]
    for pdu in got:
        if isinstance(pdu, P.Reject):
            t.eq(pdu.reason, P.Reject.TASK_IN_PROGRESS, "Reject reason")
    t.ok(any(isinstance(pdu, P.ScsiResponse) for pdu in got), f"the command was not answered: {got}")
    t.alive(s)


def iser_tgt_task_management_with_the_tag_of_an_answered_task(t):
    """The initiator may use a task tag again as soon as it has the response, for task management too."""
    s = t.disk(1 << 20)
    for c in (s.read(0, 1), s.write(0, bytes(s.block_size))):
        t.good(c)
        asked(t, s, T.ABORT_TASK, R.NO_TASK, ref_itt=0x777, ref_cmdsn=s.cmdsn - 1, itt=c.request.itt)


def rejected_gap(t, behind=0):
    """A session whose last numbered request was rejected, with `behind` READs sent behind that; the rejected request."""
    s = t.disk(1 << 20)
    bad = P.ScsiCommand(attr=1, edtl=512, lun=s._lun(None), itt=s.next_itt())     # a length without a direction
    bad.cmdsn = s.cmdsn
    s.send(bad)
    reads = [s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size) for _ in range(behind)]
    got = s.recv()
    t.ok(isinstance(got, P.Reject), f"answered with {got}")
    t.eq(got.expcmdsn, bad.cmdsn, "ExpCmdSN of the Reject")
    return s, bad, reads


def rfc7143_7_3_a_gap_is_plugged_by_the_same_number(t):
    """Commands behind a rejected one wait until a command with its CmdSN has come, and are then executed."""
    s, bad, reads = rejected_gap(t, 5)
    s.silent()
    ready = s.start(bytes(6), cmdsn=bad.cmdsn)
    t.good(s.finish(ready))
    for c in reads:
        t.good(s.finish(c))
    t.alive(s)


def rfc7143_7_11_a_gap_is_plugged_by_an_abort(t):
    """ABORT TASK with the CmdSN of a rejected command, immediate or numbered: 0, function complete. The command counts as received,
    and those behind it are executed."""
    for immediate in (1, 0):
        s, bad, reads = rejected_gap(t, 5 * immediate)
        got = asked(t, s, T.ABORT_TASK, R.COMPLETE, ref_itt=bad.itt, ref_cmdsn=bad.cmdsn, immediate=immediate)
        t.ok(got.expcmdsn - bad.cmdsn & P.NONE >= 1, f"ExpCmdSN is {got.expcmdsn:#x}")
        for c in reads:
            t.good(s.finish(c))
        t.good(s.test_unit_ready())


def rfc7143_11_6_1_abort_of_a_number_beyond_the_window(t):
    """ABORT TASK for an unknown task, RefCmdSN not below its own CmdSN: 1, task does not exist, and ExpCmdSN stays."""
    s = t.disk()
    before = s.cmdsn
    got = asked(t, s, T.ABORT_TASK, R.NO_TASK, ref_itt=0x777, ref_cmdsn=s.cmdsn)
    t.eq(got.expcmdsn, before, "ExpCmdSN")
    t.good(s.test_unit_ready())


def rfc7143_7_3_a_reject_in_front_of_another_gap(t):
    """A READ between two requests with unknown opcodes, the second of which is answered first: it waits until the number before it is used."""
    s = t.disk(1 << 20)
    first, second = P.NopOut(ttt=P.NONE), P.NopOut(ttt=P.NONE)
    first.opcode = second.opcode = 0x1C
    s.ask(first, P.Reject)
    read = s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size)
    got = s.ask(second, P.Reject)
    t.eq(got.expcmdsn, first.cmdsn, "ExpCmdSN of the second Reject")
    s.silent()
    t.good(s.finish(s.start(bytes(6), cmdsn=first.cmdsn)))
    t.good(s.finish(read))
    t.good(s.finish(s.start(bytes(6), cmdsn=second.cmdsn)))
    t.good(s.test_unit_ready())


def rfc7143_7_3_two_gaps(t):
    """Two rejected commands with READs between and behind them: both are plugged, by a command and by an abort."""
    s, bad, reads = rejected_gap(t, 2)
    worse = P.ScsiCommand(attr=1, edtl=512, lun=s._lun(None), itt=s.next_itt())
    worse.cmdsn = s.cmdsn
    s.send(worse)
    reads += [s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size) for _ in range(2)]
    t.good(s.finish(s.start(bytes(6), cmdsn=bad.cmdsn)))
    for c in reads[:2]:
        t.good(s.finish(c))
    got = s.answer(worse.itt)
    t.ok(isinstance(got, P.Reject) and got.expcmdsn == worse.cmdsn, f"answered with {got}")
    s.silent()
    asked(t, s, T.ABORT_TASK, R.COMPLETE, ref_itt=worse.itt, ref_cmdsn=worse.cmdsn)
    for c in reads[2:]:
        t.good(s.finish(c))
    t.alive(s)


def rfc7143_4_2_3_3_a_function_waits_for_the_commands_before_it(t):
    """Immediate functions behind commands that wait for a rejected one: they are answered when those commands have been, and nothing
    is answered behind them. Without such commands a function does not wait."""
    s, bad, _ = rejected_gap(t)
    asked(t, s, T.LUN_RESET, R.COMPLETE)
    for function in (T.LUN_RESET, T.ABORT_TASK_SET, T.ABORT_TASK):
        s, bad, reads = rejected_gap(t, 3)
        last = reads[-1].request
        itt = s.send(T(function=function, lun=s._lun(None), immediate=1, ref_itt=last.itt if function == T.ABORT_TASK else P.NONE,
                       ref_cmdsn=last.cmdsn))
        s.silent()
        s.start(bytes(6), cmdsn=bad.cmdsn)
        got = s.answer(itt, t.target.ms(10000))
        t.ok(isinstance(got, R), f"answered with {got}")
        t.among(got.response, (R.COMPLETE, R.NO_TASK) if function == T.ABORT_TASK else (R.COMPLETE,), "task management response")
        if function != T.ABORT_TASK:
            s.inbox.clear()
            s.silent()
        t.alive(s)


def rfc7143_4_2_2_1_immediate_requests_do_not_need_a_window(t):
    """Eight immediate LUN resets and pings sent at once are all answered, by a regular response or by
    Reject "too many immediate commands"."""
    s = t.disk()
    itts = [s.send(T(function=T.LUN_RESET, lun=s._lun(None), ref_itt=P.NONE, immediate=1) if i & 1 else
                   P.NopOut(b"%d" % i, immediate=1, ttt=P.NONE)) for i in range(8)]
    for itt in itts:
        got = s.answer(itt)
        if isinstance(got, P.Reject):
            t.eq(got.reason, P.Reject.TOO_MANY_IMMEDIATE, "Reject reason")
    t.alive(s)


def rfc7143_11_14_5_an_attention_that_nobody_received(t):
    """The unit attention for tasks that ended with their connection is reported again if its own connection ended before it was
    received."""
    size = t.disk().block_size
    s = t.session(security=False, credits=4)
    # there is no buffer for its data
    s.send(P.ScsiCommand(r=1, edtl=size, attr=1, lun=s._lun(None), cdb=s.rw_cdb(0x28, 0, 1)))
    t.closes(s)
    isid = s.isid
    s.close()
    s = t.session(isid=isid, credits=0)
    if s.wire.is_iwarp:
        t.skip("iWARP has no RNR NAK: for the target the answer has been sent")
    s.send(P.ScsiCommand(attr=1, lun=s._lun(None), cdb=bytes(6)), wait=True)
    time.sleep(t.target.ms(300) / 1000)
    s.close()
    # until the target has seen that its session is gone
    time.sleep(t.target.ms(300) / 1000)
    s = t.session(isid=isid)
    for told in (2, 0):
        t.eq(s.test_unit_ready().status, told, "status of a command")


def iser_tgt_128_initiator_ports_are_remembered(t):
    """Of 130 initiator ports whose sessions were closed with a task, 128 are told by a unit attention; those that were gone for longest
    are forgotten."""
    size, ports = t.disk().block_size, []
    for _ in range(130):
        s = t.session(security=False, credits=4)
        # there is no buffer for its data
        s.send(P.ScsiCommand(r=1, edtl=size, attr=1, lun=s._lun(None), cdb=s.rw_cdb(0x28, 0, 1)))
        t.closes(s)
        ports.append(s.isid)
        s.close()
    for at, told in ((0, 0), (5, 2), (127, 2), (129, 2), (129, 0)):
        s = t.session(isid=ports[at])
        t.eq(s.test_unit_ready().status, told, f"status of the first command of port {at}")
        s.close()
