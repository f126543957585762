# SPDX-License-Identifier: GPL-2.0
"""The target sends only bytes that the disk or the CDB emulation has written to its buffers.

The target fills its data buffers with POISON before each use. These rules send every command that
can end with less data than its buffer; neither poison nor excess bytes may arrive. A run of RUN bytes
counts as poison, since shorter ones may be chance. LUNs: 0 any disk of 16 MiB; 1 a disk whose blocks
fail from POISON_BAD on; 2 a file truncated to 4 MiB.
"""

import os

from iser import pdu as P
from iser.wire import FILL, Closed, WireError

from .data import KIB, MIB, pattern

POISON = 0xA5
RUN = 4
BAD = int(os.environ.get("POISON_BAD") or 8 * MIB // 512)
assert FILL != POISON


def clean(t, c, what):
    """Check that only the reported bytes arrived, and no poison in data or response. Returns the data."""
    t.contained(c)
    data = c.data if c.window else b""
    sent = min(c.edtl, c.edtl + c.residual)
    if c.status and not c.response.underflow:
        sent = 0
    t.ok(set(data[sent:]) <= {FILL}, f"{what}: of {c.edtl} bytes {sent} were said to be sent, and more were written: "
                                     f"byte {next((i for i in range(sent, len(data)) if data[i] != FILL), 0)}")
    run = bytes([POISON]) * RUN
    at = data[:sent].find(run)
    t.ok(at < 0, f"{what}: poison from byte {at} of {sent}")
    t.ok(run not in c.response.data, f"{what}: poison in the response's data: {c.response.data.hex()}")
    if c.window:
        c.free()
    return data[:sent]


def dirty_pool(t, s):
    """Use buffers of all sizes once, so that the following commands reuse them."""
    for length in (512, 4 * KIB, 64 * KIB, MIB):
        t.good(s.write(0, pattern(length, 5), ms=t.target.ms(30000))).free()
        t.good(s.read(0, length // 512, ms=t.target.ms(30000))).free()


def every_room(t, s, name, cdb, allocations, at, size, check=clean, exact=True):
    """One control command with each allocation length, and an EDTL equal to it, above it and below it. Unless `exact`, more may be
    sent than the allocation length allows."""
    good = 0
    for allocation in allocations:
        whole = bytearray(cdb)
        whole[at:at + size] = allocation.to_bytes(size, "big")
        for room in sorted({allocation, allocation + 1000, allocation // 2 & ~3, 4096}):
            if not room:
                continue
            c = s.scsi(bytes(whole), read=room, ms=t.target.ms(10000))
            what = f"{name}, allocation length {allocation}, room {room}"
            data = check(t, c, what)
            t.ok(not exact or len(data) <= allocation, f"{what}: {len(data)} bytes were sent")
            good += c.status == 0
    if not good:
        t.note(f"{name}: never GOOD here")
    return good


def iser_tgt_inquiry(t):
    """INQUIRY, and all VPD pages that the disk supports."""
    s = t.disk()
    dirty_pool(t, s)
    lengths = (4, 5, 36, 96, 255, 4096, 65535)
    t.ok(every_room(t, s, "INQUIRY", bytes([0x12]) + bytes(5), lengths, 3, 2), "INQUIRY fails")
    c = t.good(s.scsi(bytes([0x12, 1, 0, 0, 255, 0]), read=255))
    pages = c.data[4:4 + c.data[3]]
    t.ok(0x83 in pages, f"VPD pages {pages.hex()}")
    for page in pages:
        t.ok(every_room(t, s, f"VPD page {page:02x}", bytes([0x12, 1, page, 0, 0, 0]), lengths, 3, 2), f"VPD page {page:02x} fails")
    t.note(f"VPD pages {pages.hex(' ')}")


def iser_tgt_mode_sense(t):
    """MODE SENSE(6) and (10), with and without block descriptors, all pages and each."""
    s = t.disk()
    dirty_pool(t, s)
    good = 0
    for page in (0x3F, 0x01, 0x08, 0x0A, 0x1C):
        for dbd in (0, 8):
            good += every_room(t, s, f"MODE SENSE(6) page {page:02x} DBD {dbd}", bytes([0x1A, dbd, page, 0, 0, 0]), (4, 24, 64, 255), 4, 1)
            good += every_room(t, s, f"MODE SENSE(10) page {page:02x} DBD {dbd}", bytes([0x5A, dbd, page]) + bytes(7),
                               (8, 24, 255, 4096, 65535), 7, 2)
    t.ok(good, "no MODE SENSE succeeds")


def iser_tgt_report_luns_and_capacity(t):
    """REPORT LUNS, READ CAPACITY(10) and (16), GET LBA STATUS, REQUEST SENSE."""
    s = t.disk()
    dirty_pool(t, s)
    t.ok(every_room(t, s, "REPORT LUNS", bytes([0xA0]) + bytes(11), (16, 64, 255, 4096, 65536, MIB), 6, 4), "REPORT LUNS fails")
    t.ok(every_room(t, s, "READ CAPACITY(16)", bytes([0x9E, 0x10]) + bytes(14), (8, 12, 32, 255, 4096, 65536), 10, 4), "READ CAPACITY(16) fails")
    every_room(t, s, "GET LBA STATUS", bytes([0x9E, 0x12]) + bytes(14), (8, 24, 4096), 10, 4)
    every_room(t, s, "REQUEST SENSE", bytes([0x03]) + bytes(5), (8, 18, 252), 4, 1)
    for room in (4, 8, 12, 512, 65536):
        data = clean(t, s.scsi(bytes([0x25]) + bytes(9), read=room), f"READ CAPACITY(10), room {room}")
        t.ok(len(data) <= 8, f"READ CAPACITY(10) sent {len(data)} bytes")


def iser_tgt_reservations_and_more(t):
    """PERSISTENT RESERVE IN, REPORT TARGET PORT GROUPS, RECEIVE COPY RESULTS, supported operation codes."""
    s = t.disk()
    dirty_pool(t, s)
    for action in range(4):
        every_room(t, s, f"PERSISTENT RESERVE IN {action}", bytes([0x5E, action]) + bytes(8), (8, 24, 255, 8192), 7, 2)
    register = (0).to_bytes(8, "big") + (0x1234).to_bytes(8, "big") + bytes(8)
    t.good(s.scsi(bytes([0x5F, 0, 0, 0, 0, 0, 0, 0, 24, 0]), write=register))
    try:
        for action in range(4):
            every_room(t, s, f"PERSISTENT RESERVE IN {action} with a key", bytes([0x5E, action]) + bytes(8), (8, 24, 255, 8192), 7, 2)
    finally:
        unregister = (0x1234).to_bytes(8, "big") + bytes(16)
        t.good(s.scsi(bytes([0x5F, 0, 0, 0, 0, 0, 0, 0, 24, 0]), write=unregister))
    every_room(t, s, "REPORT TARGET PORT GROUPS", bytes([0xA3, 0x0A]) + bytes(10), (4, 8, 64, 4096), 6, 4)
    for action in (0x0C, 0x0D):
        every_room(t, s, f"REPORT SUPPORTED {action:02x}", bytes([0xA3, action]) + bytes(10), (4, 64, 4096, 65536), 6, 4)
    for action in (0, 3, 4):
        every_room(t, s, f"RECEIVE COPY RESULTS {action}", bytes([0x84, action]) + bytes(14), (4, 44, 1024), 10, 4)


def iser_tgt_residuals_of_reads(t):
    """READ with an EDTL above and below the length in its CDB, at the size of each kind of buffer."""
    s = t.disk(2 * MIB)
    bs, disk = s.block_size, pattern(2 * MIB, 9)
    for at in range(0, 2 * MIB, 512 * KIB):
        t.good(s.write(at // bs, disk[at:at + 512 * KIB], ms=t.target.ms(30000))).free()
    for blocks in (1, 7, 8, 9, 64, 128, 129, 1024):
        length = blocks * bs
        for room in sorted({4, bs, length - bs, length - 4, length - 100, length, length + 4, length + bs, length + 65536}):
            if room < 4:
                continue
            c = s.read(1, blocks, read=room, ms=t.target.ms(30000))
            what = f"READ of {length} bytes, room {room}"
            data, status, residual = clean(t, c, what), c.status, c.residual
            if status == 0:
                t.eq(residual, length - room, f"residual of {what}")
                t.ok(data == disk[bs:bs + min(room, length)], f"{what}: wrong data")
    c = s.scsi(s.rw_cdb(0x28, 0, 8))
    t.ok(bytes([POISON]) * RUN not in c.response.data, "poison in a response")
    t.alive(s)


def iser_tgt_residuals_of_writes(t):
    """WRITE with an EDTL above and below the length in its CDB: no poison on the disk, nothing beyond the data."""
    s = t.disk(2 * MIB)
    bs, before = s.block_size, pattern(256 * 512, 3)
    for blocks in (1, 8, 9, 129):
        for sent in sorted({bs, (blocks - 1) * bs, blocks * bs - 100, blocks * bs, (blocks + 1) * bs, blocks * bs + 4}):
            if sent <= 0:
                continue
            for imm in sorted({0, min(sent, 512), min(sent, 4096), min(sent, 8192)}):
                t.good(s.write(0, before[:256 * bs])).free()
                new, what = pattern(sent, 4), f"WRITE of {blocks * bs} bytes with {sent}, {imm} immediate"
                c = s.write(0, new, blocks=blocks, imm=imm, ms=t.target.ms(30000))
                t.contained(c)
                t.ok(bytes([POISON]) * RUN not in c.response.data, f"{what}: poison in the response")
                status, residual = c.status, c.residual
                c.free()
                c = t.good(s.read(0, 256))
                after = c.data
                c.free()
                t.ok(bytes([POISON]) * RUN not in after, f"{what}: poison on the disk, byte {after.find(bytes([POISON]) * RUN)}")
                done = min(sent, blocks * bs)
                if status == 0:
                    t.eq(residual, blocks * bs - sent, f"residual of {what}")
                    t.ok(after == new[:done] + before[done:], f"{what}: the disk holds something else")
                else:
                    t.ok(after in (before, new[:done // bs * bs] + before[done // bs * bs:]), f"{what}, refused: the disk holds something else")
    t.alive(s)


def iser_tgt_data_that_cannot_be_fetched(t):
    """A WRITE whose buffer is not registered, or is too short, changes nothing on the disk."""
    before = pattern(MIB, 6)
    s = t.disk(2 * MIB)
    t.good(s.write(0, before, ms=t.target.ms(30000))).free()
    for have, imm in ((0, 0), (0, 512), (64 * KIB, 0), (64 * KIB, 4096), (MIB - 64 * KIB, 0)):
        s = t.disk(2 * MIB)
        window = s.wire.window(have or 512)
        iser = P.IserHeader(wsv=1, write_stag=window.rkey ^ (0 if have else 0x5A5A00), write_va=window.va + imm)
        s.send(P.ScsiCommand(bytes(imm), w=1, attr=1, edtl=MIB, cdb=s.rw_cdb(0x2A, 0, MIB // 512), lun=t.target.lun << 48), iser)
        try:
            got = s.recv(t.target.ms(20000))
            t.ok(not isinstance(got, P.ScsiResponse) or got.status, f"a WRITE without its data ends well: {got}")
        except (Closed, WireError):
            pass
        s.close()
        s = t.disk()
        c = t.good(s.read(0, MIB // 512, ms=t.target.ms(30000)))
        t.ok(c.data == before, f"window of {have} bytes, {imm} immediate: the disk has changed")
        c.free()
        s.close()


def reads_across(t, bad):
    s = t.disk()
    if s.capacity()[0] <= bad:
        t.skip("the disk is too small")
    dirty_pool(t, s)
    for blocks in (1, 8, 9, 128, 129, 2048):
        for start in (bad, bad - 1, bad - blocks // 2):
            for room in (blocks * 512, blocks * 512 + 4096, blocks * 512 - 100):
                yield s, start, blocks, room, s.read(start, blocks, read=room, ms=t.target.ms(30000))


def iser_tgt_failed_reads(t):
    """LUN 1: READs that fail, completely or from some block on, send no poison."""
    t.target.lun = 1
    failed = 0
    for s, start, blocks, room, c in reads_across(t, BAD):
        what = f"READ of {blocks} blocks at {start - BAD:+} of the bad ones, room {room}"
        data, status = clean(t, c, what), c.status
        failed += status == 2
        if start + blocks > BAD and room >= blocks * 512:
            t.eq(status, 2, f"status of {what}")
        t.ok(not status or not data.strip(bytes([FILL])), f"{what}: failed, and yet {len(data)} bytes came")
        t.alive(s)
    t.ok(failed, "nothing failed")
    t.note(f"{failed} failed")


def iser_tgt_short_reads(t):
    """LUN 2: READs beyond the end of the truncated file return zeros, or an error."""
    t.target.lun = 2
    short = 0
    end = 4 * MIB // 512
    for s, start, blocks, room, c in reads_across(t, end):
        what = f"READ of {blocks} blocks at {start - end:+} of the file's end, room {room}"
        data, status = clean(t, c, what), c.status
        if status == 0:
            tail = data[max(0, end - start) * 512:]
            short += bool(tail)
            t.ok(not any(tail), f"{what}: there came {tail[:16].hex()} from beyond the end of the file")
    t.note(f"{short} GOOD with zeros")
