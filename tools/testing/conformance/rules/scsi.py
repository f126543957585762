# SPDX-License-Identifier: GPL-2.0
"""SCSI commands and their responses: RFC 7143 sections 11.3 and 11.4, RFC 7145 section 7.3.2."""

from iser import pdu as P
from iser.initiator import NO_ZBVA
from iser.wire import FILL, Closed, WireError


def rfc7143_11_3_command_without_data(t):
    """TEST UNIT READY is answered GOOD (after unit attentions), with no residual."""
    s = t.disk()
    c = t.good(s.test_unit_ready())
    t.eq(c.residual, 0, "residual")
    t.eq((c.response.final, c.response.dlen), (1, 0), "F bit, DataSegmentLength")


def rfc7143_11_3_inquiry(t):
    """INQUIRY: 36 bytes of a disk."""
    s = t.disk()
    c = t.good(s.inquiry(36))
    t.eq(c.data[0], 0, "peripheral qualifier and type")
    t.ok(c.data[3] & 0xF == 2, "not the standard data format")
    t.note(f"{c.data[8:16].decode(errors='replace')} {c.data[16:32].decode(errors='replace')}")


def rfc7143_11_4_5_2_underflow_of_a_control_command(t):
    """Less data than EDTL: U bit, exact residual, and the rest of the buffer is unmodified."""
    s = t.disk()
    c = t.good(s.inquiry(255))
    sent = 255 + c.residual
    t.ok(c.response.underflow and 36 <= sent < 255, f"residual {c.residual}")
    t.eq(sent, min(255, c.data[4] + 5), "bytes sent, against the additional length")
    t.ok(set(c.data[sent:]) == {FILL}, "bytes beyond the data were written")


def rfc7143_11_4_5_2_residual_of_a_command_that_moved_nothing(t):
    """A command that fails before it moves a byte has all of EDTL as its residual, with the U bit: an unknown opcode, a LUN that does
    not exist, a READ and a WRITE beyond the end of the disk."""
    s = t.disk()
    end = s.capacity()[0]
    for what, c in (
            ("unknown opcode with data in", s.scsi(b"\xc1" + bytes(5), read=512)),
            ("unknown opcode with data out", s.scsi(b"\xc1" + bytes(5), write=bytes(512))),
            ("unknown LUN", s.scsi(s.rw_cdb(0x28, 0, 1), read=s.block_size, lun=201)),
            ("READ beyond the end", s.scsi(s.rw_cdb(0x28, end + 8, 8), read=8 * s.block_size)),
            ("WRITE beyond the end", s.scsi(s.rw_cdb(0x2A, end + 8, 8), write=bytes(8 * s.block_size)))):
        t.ok(c.status, f"{what}: status {c.status}")
        t.eq(c.residual, -c.edtl, f"residual: {what}")
        t.contained(c)


def rfc7143_11_4_5_3_allocation_length_cuts_without_residual(t):
    """A list truncated by its ALLOCATION LENGTH, and EDTL equal to it: no residual."""
    s = t.disk()
    c = t.good(s.inquiry(16))
    t.eq(c.residual, 0, "residual")


def rfc7143_11_4_5_2_control_command_with_less_room_than_allocation(t):
    """INQUIRY with an allocation length of 36 and EDTL 16: 16 bytes, overflow 20."""
    s = t.disk()
    c = t.good(s.inquiry(36, read=16))
    t.eq(c.residual, 20, "residual")


def rfc7143_11_4_5_2_no_data_where_data_was_expected(t):
    """TEST UNIT READY with EDTL 512: underflow 512."""
    s = t.disk()
    c = t.good(s.test_unit_ready(read=512))
    t.eq(c.residual, -512, "residual")
    t.ok(set(c.data) == {FILL}, "the buffer was written to")


def rfc7143_11_4_7_check_condition_carries_sense(t):
    """READ beyond the end: CHECK CONDITION, ILLEGAL REQUEST, LBA out of range, with the sense data in
    the same PDU; nothing is written to the buffer."""
    s = t.disk()
    c = s.read(s.capacity()[0], 1)
    t.check_condition(c, 5, (0x21, 0))
    t.eq(set(c.data), {FILL}, "the buffer's content")


def rfc7143_11_4_7_1_sense_length_is_right(t):
    """SenseLength is in the first two bytes, and all of it fits in 128 bytes of data."""
    s = t.disk()
    r = s.read(s.capacity()[0], 1).response
    t.eq(int.from_bytes(r.data[:2], "big"), len(r.sense), "SenseLength")
    t.ok(len(r.sense) + 2 <= r.dlen <= 128, f"DataSegmentLength is {r.dlen}")


def rfc7143_11_4_write_beyond_the_end(t):
    """WRITE beyond the end: CHECK CONDITION as for READ, whether or not its data is fetched."""
    s = t.disk()
    for imm in (0, s.block_size):
        t.check_condition(s.write(s.capacity()[0], bytes(s.block_size), imm=imm), 5, (0x21, 0))
    t.alive(s)


def rfc7143_11_4_unknown_operation_code(t):
    """An unsupported operation code: CHECK CONDITION, invalid command operation code."""
    s = t.disk()
    t.check_condition(s.scsi(bytes([0xC1]) + bytes(9)), 5, (0x20, 0))


def rfc7143_11_4_unknown_operation_code_with_data(t):
    """The same with data in and with data out."""
    s = t.disk()
    t.check_condition(s.scsi(bytes([0xC1]) + bytes(9), read=4096), 5, (0x20, 0))
    for imm in (0, 2048, 4096):
        t.check_condition(s.scsi(bytes([0xC1]) + bytes(9), write=bytes(4096), imm=imm), 5, (0x20, 0))
    t.alive(s)


def rfc7143_11_3_unknown_lun(t):
    """A command to a LUN that does not exist: CHECK CONDITION, logical unit not supported; INQUIRY
    may report it with peripheral qualifier 3."""
    s = t.disk()
    t.check_condition(s.test_unit_ready(lun=201), 5, (0x25, 0))
    c = s.inquiry(36, lun=201)
    t.ok(c.status == 2 or c.data[0] >> 5 == 3, f"INQUIRY ends with status {c.status}")


def rfc7143_11_3_unknown_lun_with_data_out(t):
    """WRITE to a LUN that does not exist: the same, and the connection still works."""
    s = t.disk()
    for imm in (0, 512, 4096):
        t.check_condition(s.write(0, bytes(4096), imm=imm, lun=201), 5, (0x25, 0))
    t.alive(s)


def rfc7143_11_3_report_luns(t):
    """REPORT LUNS lists the LUN under test."""
    s = t.disk()
    c = t.good(s.scsi(bytes([0xA0]) + bytes(5) + (4096).to_bytes(4, "big") + bytes(2), read=4096))
    n = int.from_bytes(c.data[:4], "big")
    t.eq(4096 + c.residual, n + 8, "bytes sent, against the list length")
    listed = [c.data[8 + i] << 8 | c.data[9 + i] for i in range(0, n, 8)]
    t.ok(t.target.lun in [x & 0x3FFF for x in listed], f"listed are {listed}")


def rfc7143_11_3_command_as_immediate_delivery(t):
    """A SCSI Command may be sent for immediate delivery, and does not advance CmdSN."""
    s = t.disk()
    before = s.cmdsn
    t.good(s.test_unit_ready(immediate=1))
    t.eq(s.nop().expcmdsn, before, "ExpCmdSN")


def rfc7143_11_3_1_task_attributes(t):
    """Untagged, simple, ordered and head of queue are all accepted."""
    s = t.disk()
    for attr in (0, 1, 2, 3):
        t.good(s.test_unit_ready(attr=attr), f"task attribute {attr}")


def rfc7143_11_3_bidirectional_command_is_answered(t):
    """A command with R and W is answered, even if the answer is "not supported"."""
    s = t.disk()
    try:
        got = s.ask(P.ScsiCommand(r=1, w=1, edtl=512, attr=1, lun=t.target.lun << 48,
                                  cdb=bytes([0x53]) + bytes(6) + b"\0\1\0"))
        t.ok(isinstance(got, P.Reject) or got.status, f"answered with {got}")
        t.alive(s)
    except Closed:
        t.note("the connection was closed")


def rfc7143_11_2_2_3_extended_cdb(t):
    """A CDB of 32 bytes, continued in an AHS: executed, or refused by a SCSI status."""
    s = t.disk()
    cdb = bytes([0x7F]) + bytes(6) + bytes([24]) + (9).to_bytes(2, "big") + bytes(18) + (1).to_bytes(4, "big")
    assert len(cdb) == 32
    c = s.scsi(cdb, ahs=P.ext_cdb_ahs(cdb[16:]), read=s.block_size)
    t.contained(c)
    t.among(c.status, (0, 2), "SCSI status")
    t.alive(s)


def rfc7143_11_2_2_immediate_data_behind_an_ahs(t):
    """Immediate data starts after the AHS: a WRITE(32) writes exactly this data."""
    s = t.disk()
    data = b"\x5a\xc3" * (s.block_size // 2)
    cdb = bytes([0x7F]) + bytes(6) + bytes([24]) + (11).to_bytes(2, "big") + bytes(9) + bytes([5]) + \
        bytes(4) + bytes(4) + (1).to_bytes(4, "big")
    c = s.scsi(cdb, ahs=P.ext_cdb_ahs(cdb[16:]), write=data, imm=len(data))
    if c.status:
        t.skip(f"no WRITE(32) here: {c.response.sense_code}")
    t.ok(s.read(5, 1).data == data, "what was written is not what was sent")


def rfc7145_7_3_2_plain_send_where_invalidation_was_not_agreed(t):
    """Unless negotiated, no answer is a SEND with Invalidate."""
    s = t.disk(1 << 20)
    for c in (s.read(0, 8), s.write(0, bytes(4096)), s.write(0, bytes(4096), imm=512),
              s.write(0, bytes(4096), imm=4096), s.read(s.capacity()[0], 1), s.test_unit_ready()):
        t.ok(c.invalidated is None, f"key {c.invalidated} was invalidated")


def _with_invalidation(t):
    s = t.connection(private_data=bytes([NO_ZBVA, 0, 0, 0]))
    if not s.wire.private_data or s.wire.private_data[0] & 0x40:
        t.skip("the target does not offer SEND with Invalidate")
    try:
        s.wire.window(512, invalidatable=True).free()
    except WireError as e:
        t.skip(f"this adapter has no memory windows: {e}")
    s.login()
    for _ in range(4):      # unit attentions
        if s.test_unit_ready().status == 0:
            break
    s._capacity = (1 << 20, 512)
    return s


def rfc7145_7_3_2_invalidated_is_the_read_tag_of_the_command(t):
    """If negotiated, the answer to a READ may invalidate the Read STag that the command advertised."""
    s = _with_invalidation(t)
    c = t.good(s.read(0, 8, invalidatable=True))
    t.among(c.invalidated, (None, c.window.rkey), "key invalidated")
    c = s.read(0xFFFFFFF0, 8, invalidatable=True)
    t.among(c.invalidated, (None, c.window.rkey), "key invalidated with a CHECK CONDITION")
    t.alive(s)


def rfc7145_7_3_2_invalidated_is_the_write_tag_of_the_command(t):
    """The same for a WRITE, also if part of its data is immediate."""
    s = _with_invalidation(t)
    for imm in (0, 512):
        c = t.good(s.write(0, bytes(4096), imm=imm, invalidatable=True))
        t.among(c.invalidated, (None, c.window.rkey), "key invalidated")
    t.alive(s)


def rfc7145_7_3_2_nothing_to_invalidate_without_a_tag(t):
    """A WRITE with all data immediate, and a command without data, advertise no STag: their answers
    are plain SENDs."""
    s = _with_invalidation(t)
    for c in (s.write(0, bytes(4096), imm=4096), s.test_unit_ready()):
        t.eq(t.good(c).invalidated, None, "key invalidated")
    c = s.start(s.rw_cdb(0x2A, 0, 8), write=bytes(4096), imm=4096)
    t.eq(t.good(s.finish(c)).invalidated, None, "key invalidated")


def rfc7145_7_3_2_only_scsi_responses_invalidate(t):
    """NOP-In, task management, text, Reject and Logout answers are plain SENDs."""
    s = _with_invalidation(t)
    for r in (s.nop(b"x"), s.tmf(P.TaskManagement.ABORT_TASK, ref_itt=0x777), s.ask(P.Pdu(opcode=0x1C, immediate=1)),
              s.ask(P.TextRequest(P.encode_keys({"SendTargets": ""}))), s.logout()):
        t.eq(r.invalidated, None, f"key invalidated by {type(r).__name__}")
