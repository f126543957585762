# SPDX-License-Identifier: GPL-2.0
"""Invalid messages after login. Each is answered or ends the connection it was sent on; none is left
unanswered, and no other session is affected. RFC 7143 sections 7.7, 11.2; RFC 7145 section 10.1.3."""

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS
from iser.wire import Closed, WireError


def raw_message(t, *parts):
    """A message in full feature phase: answered or closed at once, and another session is not affected."""
    other, s = t.session(), t.session()
    s.wire.send(*parts, wait=False)
    got = t.settled(s)
    if got is not None:
        t.ok(isinstance(got, (P.Reject, P.ScsiResponse, P.TaskManagementResponse)) and
             getattr(got, "status", 1), f"answered with {got}")
    t.alive(other)
    t.serves_others()


def command(t, **fields):
    """A SCSI READ of one block with these fields, and the first CmdSN after login."""
    return P.ScsiCommand(**{"r": 1, "edtl": 512, "attr": 1, "itt": 0x2001, "cmdsn": 1, "lun": t.target.lun << 48,
                            "cdb": b"\x28\0\0\0\0\0\0\0\1\0", **fields})


def header():
    return bytes(P.IserHeader().raw)


def rfc7145_10_1_3_3_empty_send_after_login(t):
    """A message of no bytes."""
    raw_message(t)


def rfc7145_10_1_3_3_short_messages_after_login(t):
    """Messages of 1, 8, 28, 48 and 75 bytes."""
    for n in (1, 8, 28, 48, 75):
        raw_message(t, (header() + command(t).encode())[:n])


def rfc7145_10_1_3_4_hello_after_login(t):
    """An iSER Hello in the middle of a session is a protocol error."""
    s = t.session()
    t.alive(s)
    s.wire.send(P.IserHello(ird=4).raw, wait=False)
    t.closes(s)
    t.serves_others()


def rfc7145_10_1_3_3_unknown_iser_opcode_after_login(t):
    """iSER opcodes that are not assigned."""
    for opcode in (0, 4, 15):
        message = bytearray(header() + command(t).encode())
        message[0] = opcode << 4
        raw_message(t, message)


def rfc7143_11_2_1_5_ahs_claimed_and_not_sent(t):
    """TotalAHSLength of 255 words, and of 1, without an AHS."""
    for words in (1, 255):
        raw_message(t, header() + command(t, ahslen=words).encode())


def rfc7143_11_2_2_2_ahs_length_that_lies(t):
    """AHSLength 0, 1, beyond TotalAHSLength, and 65535: a target must not copy by it unchecked."""
    for length in (0, 1, 200, 0xFFFF):
        ahs = length.to_bytes(2, "big") + b"\x01\0" + bytes(12)
        raw_message(t, header() + command(t, ahs=ahs, cdb=b"\x7f" + bytes(15)).encode())


def rfc7143_11_2_2_3_extended_cdb_of_every_length(t):
    """Well-formed extended CDBs of 17 to 260 bytes: each is answered, and the session continues."""
    s = t.disk()
    for n in (1, 4, 16, 100, 244):
        c = s.scsi(b"\x7f" + bytes(6) + bytes([(n + 8) & 0xFF]) + bytes(8), ahs=P.ext_cdb_ahs(bytes(n)), read=512)
        t.contained(c)
    t.alive(s)


def rfc7143_11_2_2_1_unknown_ahs_type(t):
    """AHS types that are reserved, and the one of bidirectional commands."""
    for kind in (0, 2, 3, 63):
        ahs = b"\0\5" + bytes([kind]) + bytes(5)
        raw_message(t, header() + command(t, ahs=ahs).encode())


def rfc7143_11_2_1_6_more_data_claimed_than_sent(t):
    """DataSegmentLength above the bytes received."""
    for dlen in (8, 512, 0xFFFFFF):
        raw_message(t, header() + command(t, r=0, w=1, cdb=b"\x2a\0\0\0\0\0\0\0\1\0", dlen=dlen).encode())
        raw_message(t, header() + P.NopOut(itt=0x2001, ttt=P.NONE, immediate=1, dlen=dlen).encode())


def rfc7143_11_3_6_immediate_data_beyond_edtl(t):
    """More immediate data than the EDTL of the command."""
    raw_message(t, header() + command(t, r=0, w=1, data=bytes(1024), cdb=b"\x2a\0\0\0\0\0\0\0\1\0").encode())


def rfc7143_11_3_6_immediate_data_of_a_read(t):
    """A READ that carries data."""
    raw_message(t, header() + command(t, data=bytes(512)).encode())


def rfc7143_13_11_immediate_data_though_not_agreed(t):
    """Immediate data after ImmediateData=No: an error, or at least the block is written as a whole or not at all."""
    s = t.session({**OPEN_ISCSI_KEYS, "ImmediateData": "No"})
    s.send(command(t, r=0, w=1, data=bytes(512), cdb=b"\x2a\0\0\0\0\0\0\0\1\0"))
    t.settled(s)
    t.serves_others()


def rfc7143_13_14_immediate_data_beyond_first_burst(t):
    """More immediate data than FirstBurstLength."""
    s = t.session({**OPEN_ISCSI_KEYS, "FirstBurstLength": 512, "MaxBurstLength": 512})
    data = bytes(2048)
    s.send(command(t, r=0, w=1, edtl=2048, data=data, cdb=b"\x2a\0\0\0\0\0\0\0\4\0"))
    t.settled(s)
    t.serves_others()


def rfc7145_6_4_data_beyond_target_recv_data_segment_length(t):
    """A message larger than the target's receive buffers."""
    other, s = t.session(), t.session()
    limit = int(s.negotiated["TargetRecvDataSegmentLength"])
    if limit > 60000:
        t.skip(f"TargetRecvDataSegmentLength is {limit}")
    s.wire.send(header() + P.NopOut(bytes(limit + 1024), itt=0x2001, ttt=P.NONE, immediate=1).encode(), wait=False)
    t.settled(s)
    t.alive(other)
    t.serves_others()


def rfc7145_9_2_read_without_a_tag(t):
    """A READ that advertises no Read STag: answered without a transfer, or closed; no hang."""
    raw_message(t, header() + command(t).encode())


def rfc7145_9_2_write_without_a_tag(t):
    """A WRITE with neither a Write STag nor its data."""
    raw_message(t, header() + command(t, r=0, w=1, cdb=b"\x2a\0\0\0\0\0\0\0\1\0").encode())


def rfc7145_9_2_write_with_the_tag_of_a_read(t):
    """A WRITE that advertises only a Read STag, a READ that advertises only a Write STag."""
    s = t.session()
    for r in (0, 1):
        s = t.session()
        win = s.wire.window(512)
        iser = P.IserHeader(wsv=r, rsv=not r, read_stag=win.rkey, write_stag=win.rkey, read_va=win.va, write_va=win.va)
        s.send(command(t, r=r, w=not r, cdb=bytes([0x28 if r else 0x2A]) + b"\0\0\0\0\0\0\0\1\0"), iser)
        got = t.settled(s)
        t.ok(got is None or isinstance(got, P.Reject) or got.status, f"answered with {got}")
    t.serves_others()


def rfc7143_11_3_4_enormous_edtl(t):
    """EDTL of 4 GiB - 1, 2 GiB and 16 MiB + 1: answered, without an allocation of that size."""
    for edtl in (0xFFFFFFFF, 0x80000000, (16 << 20) + 512):
        for w in (0, 1):
            s = t.session()
            win = s.wire.window(4096)
            iser = P.IserHeader(wsv=w, rsv=not w, read_stag=win.rkey, write_stag=win.rkey,
                                read_va=win.va, write_va=win.va)
            s.send(command(t, r=not w, w=w, edtl=edtl, cdb=bytes([0x2A if w else 0x28]) + b"\0\0\0\0\0\0\0\1\0"), iser)
            t.settled(s, 5000)
            t.eq(win.touched_outside(), None, "offset of a byte written outside the buffer")
    t.serves_others()


def rfc7145_9_2_address_that_wraps(t):
    """A buffer whose address wraps around 2^64."""
    for r in (0, 1):
        s = t.session()
        win = s.wire.window(4096)
        iser = P.IserHeader(wsv=not r, rsv=r, read_stag=win.rkey, write_stag=win.rkey,
                            read_va=(1 << 64) - 16, write_va=(1 << 64) - 16)
        s.send(command(t, r=r, w=not r, cdb=bytes([0x28 if r else 0x2A]) + b"\0\0\0\0\0\0\0\1\0"), iser)
        got = t.settled(s, 5000)
        t.ok(got is None or getattr(got, "status", 1), f"answered with {got}")
    t.serves_others()


def rfc7143_11_2_1_8_task_tag_used_twice(t):
    """Two commands in progress with the same Initiator Task Tag: each is answered or rejected, or the connection is closed."""
    s = t.disk(1 << 20)
    first = s.start(s.rw_cdb(0x28, 0, 1024), read=1024 * s.block_size)
    win = s.wire.window(512)
    s.send(P.ScsiCommand(r=1, edtl=512, attr=1, itt=first.request.itt, lun=t.target.lun << 48,
                         cdb=s.rw_cdb(0x28, 0, 1)), P.IserHeader(rsv=1, read_stag=win.rkey, read_va=win.va))
    for _ in range(2):
        if t.settled(s, 5000) is None:
            break
    t.contained(first)
    t.serves_others()


def rfc7143_11_10_text_that_is_no_text(t):
    """Text Requests with random bytes, unterminated text and 8 KiB without a NUL."""
    s = t.session()
    limit = int(s.negotiated["TargetRecvDataSegmentLength"])
    for data in (b"SendTargets", b"SendTargets=All", b"=" * 100 + b"\0", b"A" * min(8192, limit), b"\0" * 64, b""):
        s = t.session()
        s.send(P.TextRequest(data))
        t.settled(s)
    t.serves_others()


def rfc7143_11_10_2_text_continued_for_ever(t):
    """Endless Text Requests with C=1: the text is bounded."""
    s = t.session()
    limit = min(4096, int(s.negotiated["TargetRecvDataSegmentLength"]))
    ttt, itt = P.NONE, s.next_itt()
    for i in range(200):
        try:
            got = s.ask(P.TextRequest(b"K%d=" % i + b"v" * (limit - 16), c=1, final=0, ttt=ttt, itt=itt))
        except Closed:
            break
        if isinstance(got, P.Reject):
            break
        ttt = got.ttt
    else:
        t.fail("800 KiB of text were taken in, and more is asked for")
    t.serves_others()


def rfc7143_4_2_2_1_flood_of_immediate_commands(t):
    """A flood of immediate pings from an initiator that receives no answers: other sessions still
    have receive buffers."""
    other = t.disk()
    s = t.session(credits=4)
    for _ in range(150):
        try:
            s.send(P.NopOut(bytes(64), immediate=1, ttt=P.NONE))
        except WireError:
            break
    t.good(other.test_unit_ready())
    t.serves_others()


def rfc7143_4_2_2_1_flood_beyond_the_window(t):
    """A burst of WRITEs far beyond MaxCmdSN, with immediate data."""
    other = t.disk()
    s = t.session()
    for i in range(150):
        try:
            s.send(command(t, r=0, w=1, data=bytes(512), itt=0x3000 + i, cdb=b"\x2a\0\0\0\0\0\0\0\1\0"),
                   cmdsn=s.maxcmdsn + 1 + i)
        except WireError:
            break
    t.good(other.test_unit_ready())
    t.serves_others()


def rfc7145_8_1_2_answers_nobody_receives(t):
    """Commands from an initiator that posts no receives, then disconnects: all resources are released."""
    s = t.disk(1 << 20, credits=8)
    s.wire.post_recv = lambda *_: None
    for _ in range(24):
        s.start(s.rw_cdb(0x28, 0, 8), read=8 * s.block_size)
    t.serves_others()
    s.close()
    t.serves_others()


def iser_tgt_a_trespasser_is_closed(t):
    """RDMA WRITE to the target with an rkey it never advertised. The target's queue pair enters the error state, and on a shared receive
    queue without a completion that reports it: the connection must end nevertheless, long before a keepalive ping is due."""
    other, s = t.disk(), t.disk()
    s.wire.trespass()
    t.closes(s, 3000)
    t.good(other.test_unit_ready())
    t.serves_others()


def iser_tgt_no_opcode_is_forgotten(t):
    """Every opcode, with and without the I bit, all other fields zero: each is answered or the connection
    closed or, where RFC 7143 requires it, ignored; and the target still works afterwards."""
    for opcode in range(0x40):
        for immediate in (0, 1):
            s = t.connection()
            s.login(security=False, credits=8)
            s.send(P.Pdu(opcode=opcode, immediate=immediate))
            try:
                s.recv(t.target.ms(50))
            except (Closed, WireError):
                pass
            s.close()
    t.serves_others()
