# SPDX-License-Identifier: GPL-2.0
"""Data between the disk and the initiator's memory: RFC 7145 sections 7.3.1, 7.3.5, 7.3.6, 9.5.

All windows lie between guards that the target has access to, but must not write to.
"""

import os
import random

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS
from iser.wire import FILL

KIB, MIB = 1 << 10, 1 << 20


def pattern(n, seed=0):
    return random.Random(seed * 1000003 + n).randbytes(n)


def put(t, s, lba, data, **how):
    """Write, then read back the same blocks."""
    t.good(s.write(lba, data, ms=t.target.ms(30000), **how), f"WRITE of {len(data)} bytes {how or ''}")
    back = t.good(s.read(lba, len(data) // s.block_size, ms=t.target.ms(30000))).data
    if back != data:
        first = next(i for i in range(len(data)) if back[i] != data[i])
        t.fail(f"the disk differs from what was written ({len(data)} bytes, {how}), first at byte {first}")


def immediate_limit(s):
    return min(int(s.negotiated.get("TargetRecvDataSegmentLength", 8192)),
               int(s.negotiated.get("FirstBurstLength", 65536)))


def rfc7145_9_5_2_read_by_rdma_write(t):
    """READs of 512 bytes to 1 MiB, at unaligned LBAs, return the data on the disk."""
    s = t.disk(2 * MIB)
    disk, bs = pattern(2 * MIB), s.block_size
    for at in range(0, 2 * MIB, 256 * KIB):
        t.good(s.write(at // bs, disk[at:at + 256 * KIB]))
    for length in (bs, 3 * bs, 4 * KIB, 4 * KIB + bs, 8 * KIB, 64 * KIB - bs, 64 * KIB, 128 * KIB + 3 * bs, MIB):
        for lba in (0, 1, 7, 1021):
            c = t.good(s.read(lba, length // bs, ms=t.target.ms(30000)), f"READ of {length} bytes")
            t.eq(c.residual, 0, "residual")
            t.ok(c.data == disk[lba * bs:lba * bs + length], f"wrong data: {length} bytes at block {lba}")


def rfc7145_9_5_1_write_by_rdma_read(t):
    """WRITEs of 512 bytes to 1 MiB without immediate data."""
    s = t.disk(2 * MIB)
    bs = s.block_size
    for i, length in enumerate((bs, 3 * bs, 4 * KIB, 4 * KIB + bs, 64 * KIB - bs, 64 * KIB, 128 * KIB + 3 * bs, MIB)):
        put(t, s, i, pattern(length, i))


def iser_tgt_sixteen_mib_in_one_command(t):
    """16 MiB in one WRITE, and in one READ."""
    s = t.disk(16 * MIB)
    put(t, s, 0, pattern(16 * MIB))


def rfc7145_7_3_1_all_data_immediate(t):
    """WRITEs with all data immediate and no tag advertised."""
    s = t.disk(MIB)
    if s.negotiated.get("ImmediateData") != "Yes":
        t.skip("ImmediateData=No")
    bs, limit = s.block_size, immediate_limit(s)
    for i, length in enumerate((bs, 3 * bs, 4 * KIB, limit // bs * bs)):
        put(t, s, i, pattern(length, i), imm=length)


def rfc7145_7_3_1_part_of_the_data_immediate(t):
    """WRITEs whose first bytes are immediate; the base offset of the tag already includes them,
    as all known initiators do."""
    s = t.disk(MIB)
    if s.negotiated.get("ImmediateData") != "Yes":
        t.skip("ImmediateData=No")
    bs, limit = s.block_size, immediate_limit(s)
    seed = 0
    for length in (2 * bs, 8 * KIB, 64 * KIB, 512 * KIB):
        for imm in {bs, 4 * KIB, limit // 2, limit} | {4, 500, limit - 4}:
            if 0 < imm < length and imm <= limit:
                seed += 1
                put(t, s, seed, pattern(length, seed), imm=imm)


def iser_tgt_atomic_write_with_some_data_immediate(t):
    """WRITE ATOMIC(16) whose first bytes are immediate, of any length, is written, also to a disk that would split it where these end."""
    s = t.disk(MIB)
    if s.negotiated.get("ImmediateData") != "Yes":
        t.skip("ImmediateData=No")
    # block limits: the maximum atomic transfer length, in blocks, if the page is that long
    page = t.good(s.scsi(bytes([0x12, 1, 0xB0, 0, 64, 0]), read=64)).data
    if int.from_bytes(page[2:4], "big") + 4 < 48 or not int.from_bytes(page[44:48], "big"):
        t.skip("no atomic writes")
    bs, blocks = s.block_size, 16
    for imm in (bs, 3 * bs, 4 * KIB, 4 * KIB + bs):
        data = pattern(blocks * bs, imm)
        cdb = bytes([0x9C, 0]) + (32).to_bytes(8, "big") + bytes(2) + blocks.to_bytes(2, "big") + bytes(2)
        t.good(s.scsi(cdb, write=data, imm=imm))
        t.ok(t.good(s.read(32, blocks)).data == data, f"wrong data with {imm} bytes immediate")


def rfc7143_11_2_4_immediate_data_unaligned_with_and_without_padding(t):
    """Immediate data of any length, padded to four bytes (as on TCP) or unpadded (as ib_iser sends it)."""
    s = t.disk(MIB)
    if s.negotiated.get("ImmediateData") != "Yes":
        t.skip("ImmediateData=No")
    for imm in (1, 2, 3, 511, 513, 1001):
        for pad in (False, True):
            put(t, s, imm, pattern(4 * KIB, imm), imm=imm, pad=pad)


def rfc7145_9_2_tag_of_a_command_that_needs_none_is_ignored(t):
    """libiscsi advertises a Write STag even when all data is immediate: the target does not read from it."""
    s = t.disk(MIB)
    put(t, s, 3, pattern(4 * KIB, 3), imm=4 * KIB, tag_anyway=True)


def rfc7145_7_3_1_buffers_at_any_address(t):
    """Buffers may start at any byte address."""
    s = t.disk(MIB)
    for skip in (1, 3, 4, 511, 2049):
        data = pattern(16 * KIB, skip)
        put(t, s, skip, data, skip=skip)
        c = t.good(s.read(skip, len(data) // s.block_size, skip=skip))
        t.ok(c.data == data, f"wrong data at an address of {skip} bytes more")


def rfc7143_13_11_immediate_data_not_agreed_on_is_rejected(t):
    """Immediate data after ImmediateData=No, sent or only declared: the command is rejected or fails, and the session continues."""
    for sent in (True, False):
        s = t.disk(keys={**OPEN_ISCSI_KEYS, "ImmediateData": "No"})
        window = s.wire.window(s.block_size, True, False)
        iser = P.IserHeader(wsv=True, write_stag=window.rkey, write_va=window.va)
        itt = s.send(P.ScsiCommand(bytes(s.block_size) if sent else b"", w=1, attr=1, cdb=s.rw_cdb(0x2A, 0, 1), lun=s._lun(None),
                                   edtl=s.block_size, dlen=s.block_size), iser)
        got = s.answer(itt)
        t.ok(isinstance(got, P.Reject) or isinstance(got, P.ScsiResponse) and got.status == 2, f"answered with {got}")
        t.alive(s)


def rfc7143_13_11_no_immediate_data_where_none_was_agreed(t):
    """With ImmediateData=No, all data of a WRITE is fetched by RDMA READ."""
    s = t.disk(MIB, keys={**OPEN_ISCSI_KEYS, "ImmediateData": "No"})
    put(t, s, 0, pattern(64 * KIB))


def rfc7143_11_4_5_2_read_with_more_room_than_the_cdb_asks(t):
    """EDTL above the CDB's length: underflow with the exact residual, and the rest of the buffer unmodified."""
    s = t.disk(MIB)
    bs = s.block_size
    put(t, s, 0, pattern(8 * bs))
    for room in (bs, 4 * bs - 4, 60 * KIB):
        c = t.good(s.read(0, 4, read=4 * bs + room))
        t.eq(c.residual, -room, "residual")
        t.ok(c.data[:4 * bs] == pattern(8 * bs)[:4 * bs], "wrong data")
        t.ok(set(c.data[4 * bs:]) == {FILL}, "bytes beyond the data were written")


def rfc7143_11_4_5_2_read_with_less_room_than_the_cdb_asks(t):
    """EDTL below the CDB's length: overflow with the exact residual, and no byte beyond EDTL."""
    s = t.disk(MIB)
    bs = s.block_size
    put(t, s, 0, pattern(8 * bs))
    for room in (bs, 4 * bs, 7 * bs, bs + 100):
        c = s.read(0, 8, read=room)
        t.contained(c)
        if c.status == 0:
            t.eq(c.residual, 8 * bs - room, "residual")
            t.ok(c.data == pattern(8 * bs)[:room], "wrong data")
        else:
            t.check_condition(c, 5)
    t.alive(s)


def rfc7143_11_4_5_2_read_with_no_room_at_all(t):
    """READ with EDTL 0, no tag: nothing is sent, overflow by the whole length."""
    s = t.disk(MIB)
    c = s.scsi(s.rw_cdb(0x28, 0, 1))
    if c.status == 0:
        t.eq(c.residual, s.block_size, "residual")
    t.alive(s)


def _write_off(t, data_blocks, cdb_blocks, imm=0):
    """A WRITE whose EDTL differs from the length in its CDB: exact residual, or CHECK CONDITION
    (as LIO's core does); no block is written that was not sent."""
    s = t.disk(MIB)
    bs = s.block_size
    before, data = pattern(32 * bs, 1), pattern(data_blocks * bs, 2)
    put(t, s, 0, before)
    c = s.write(0, data, blocks=cdb_blocks, imm=imm)
    t.contained(c)
    after = t.good(s.read(0, 32)).data
    done = min(data_blocks, cdb_blocks) * bs
    if c.status == 0:
        t.eq(c.residual, (cdb_blocks - data_blocks) * bs, "residual")
        t.ok(after[:done] == data[:done], "the data did not get to the disk")
        t.ok(after[done:] == before[done:], "more than the data got to the disk")
    else:
        t.check_condition(c, 5)
        t.ok(after == before or after == data[:done] + before[done:], "the disk holds something else")
    t.alive(s)


def rfc7143_11_4_5_2_write_of_more_than_the_cdb_asks(t):
    """EDTL above the CDB's length."""
    _write_off(t, 8, 4)
    _write_off(t, 8, 4, imm=512)
    _write_off(t, 8, 4, imm=4096)


def rfc7143_11_4_5_2_write_of_less_than_the_cdb_asks(t):
    """EDTL below the CDB's length."""
    _write_off(t, 4, 8)
    _write_off(t, 4, 8, imm=512)
    _write_off(t, 4, 8, imm=2048)


def rfc7143_4_2_2_1_many_commands_at_once(t):
    """READs and WRITEs of several sizes that fill the window, each answered once with its own data."""
    s = t.disk(4 * MIB, credits=130)
    bs = s.block_size
    room = min(48, (s.maxcmdsn - s.cmdsn + 1) & 0xFFFFFFFF)
    t.ok(room >= 1, "the command window is closed")
    sizes = [bs, 4 * KIB, 16 * KIB, 64 * KIB]
    places, lba = [], 0
    for i in range(room):
        places.append((lba, pattern(sizes[i % 4], i)))
        lba += len(places[-1][1]) // bs
    limit = immediate_limit(s) if s.negotiated.get("ImmediateData") == "Yes" else 0
    for what in ("WRITE", "READ"):
        running = []
        for i, (lba, data) in enumerate(places):
            cdb = s.rw_cdb(0x28 if what == "READ" else 0x2A, lba, len(data) // bs)
            imm = min(limit, len(data)) // (1 + i % 3) // bs * bs if i % 2 else 0
            running.append((s.start(cdb, read=len(data)) if what == "READ" else
                            s.start(cdb, write=data, imm=imm), data))
        for c, data in running:
            t.good(s.finish(c, t.target.ms(30000)), f"{what} of {len(data)} bytes")
            if what == "READ":
                t.ok(c.data == data, f"wrong data in a READ of {len(data)} bytes")
    t.ok(not s.inbox, f"answers left over: {s.inbox}")
    t.note(f"{room} at once")


def rfc7145_8_2_sixteen_writes_with_a_read_depth_of_one(t):
    """The target does not exceed the negotiated RDMA READ depth, however many WRITEs there are."""
    s = t.disk(4 * MIB, responder_resources=1)
    bs = s.block_size
    room = min(16, (s.maxcmdsn - s.cmdsn + 1) & 0xFFFFFFFF)
    data = [pattern(64 * KIB, i) for i in range(room)]
    running = [s.start(s.rw_cdb(0x2A, i * 64 * KIB // bs, 64 * KIB // bs), write=d) for i, d in enumerate(data)]
    for c in running:
        t.good(s.finish(c, t.target.ms(30000)))
    for i, d in enumerate(data):
        t.ok(t.good(s.read(i * 64 * KIB // bs, 64 * KIB // bs)).data == d, "wrong data")


def iser_tgt_data_declared_but_not_sent_are_read(t):
    """libiscsi up to 1.19 sets DataSegmentLength in every WRITE, sends no data segment, and advertises a buffer with all of
    the data. All of it is fetched from there."""
    s = t.disk(1 << 20)
    for size in (s.block_size, 8192, 65536):
        data = os.urandom(size)
        window = s.wire.window(size, True, False)
        window.write(data, 0)
        iser = P.IserHeader()
        iser.wsv, iser.write_stag, iser.write_va = 1, window.rkey, window.va
        request = P.ScsiCommand(w=1, attr=1, cdb=s.rw_cdb(0x2A, 64, size // s.block_size), lun=s._lun(None),
                                edtl=size, dlen=min(size, immediate_limit(s)))
        got = s.answer(s.send(request, iser))
        t.eq((got.response, got.status), (0, 0), f"response and status of a WRITE of {size} bytes")
        t.ok(s.read(64, size // s.block_size).data == data, f"{size} bytes are not what was written")


def iser_tgt_data_declared_and_sent_in_part_are_an_error(t):
    """Part of the declared data, or none of it and no buffer, is an error: the data is incomplete."""
    for sent, tag in ((256, True), (0, False)):
        s = t.disk()
        window = s.wire.window(512, True, False)
        iser = P.IserHeader()
        if tag:
            iser.wsv, iser.write_stag, iser.write_va = 1, window.rkey, window.va
        s.send(P.ScsiCommand(bytes(sent), w=1, attr=1, cdb=s.rw_cdb(0x2A, 0, 1), lun=s._lun(None), edtl=512, dlen=512), iser)
        t.closes(s)
