# SPDX-License-Identifier: GPL-2.0
"""No byte of another session or of the kernel leaves, whatever a backstore does: as `poison`, for other disks.

tools/testing/vm/t/backstores.t sets them up, with free memory of the kernel poisoned as well, and says in BACKSTORES which LUN is
which: "name=LUN" or "name=LUN:FILE", where FILE is what the disk is kept in, of 16 MiB. A disk that is not there is skipped.
"""

import os
import threading

from iser.wire import FILL

from .data import KIB, MIB, pattern
from .poison import clean, dirty_pool, every_room, reads_across

DISKS = dict(entry.split("=", 1) for entry in os.environ.get("BACKSTORES", "").split())
# bytes that the kernel puts into free pages and slab objects: <linux/poison.h>
FREE = (0xAA, 0x6B, 0x5A)
RUN = 32
SIZE = 16 * MIB
SCSI_DEBUG = "/sys/bus/pseudo/drivers/scsi_debug"


def choose(t, name):
    """Make this disk the LUN under test; returns its file."""
    if name not in DISKS:
        t.skip(f"no disk {name}")
    lun, _, path = DISKS[name].partition(":")
    t.target.lun = int(lun)
    return path


def spotless(t, c, what):
    """clean(), and no byte of free memory either."""
    response = c.response.data
    data = clean(t, c, what)
    for byte in FREE:
        at = data.find(bytes([byte]) * RUN)
        t.ok(at < 0, f"{what}: free memory ({byte:#x}) from byte {at} of {len(data)}")
        t.ok(bytes([byte]) * RUN not in response, f"{what}: free memory in the response")
    return data


def reads_that_may_fail(t, at, name):
    """READs across this block, called so; their data is None if they fail, and then none came."""
    for s, start, blocks, room, c in reads_across(t, at):
        what = f"READ of {blocks} blocks at {start - at:+} of {name}, room {room}"
        data, status = spotless(t, c, what), c.status
        if status:
            t.ok(not data.strip(bytes([FILL])), f"{what}: failed, and yet {len(data)} bytes came")
        yield s, start, blocks, room, what, None if status else data


def tail_is_zeros(t, name, end):
    """READs across this block: what is beyond it is zeros, or the command fails without data. (GOOD, failed)"""
    good = failed = 0
    for s, start, _, _, what, data in reads_that_may_fail(t, end, f"the end of {name}"):
        failed += data is None
        if data is not None:
            tail = data[max(0, end - start) * 512:]
            good += bool(tail)
            t.ok(not any(tail), f"{what}: there came {tail[:16].hex()} from beyond the end")
        t.alive(s)
    t.ok(good or failed, f"{name}: nothing was read beyond the end")
    t.note(f"{name}: {good} GOOD with zeros, {failed} failed")


def iser_tgt_control_commands_of_every_backstore(t):
    """INQUIRY, VPD pages, MODE SENSE, REPORT LUNS, READ CAPACITY, PERSISTENT RESERVE IN, supported operation codes: with
    every allocation length, on every kind of backstore, nothing beyond what was returned."""
    if not DISKS:
        t.skip("BACKSTORES names no disk")
    for name in DISKS:
        choose(t, name)
        s = t.disk()
        dirty_pool(t, s)
        # tcmu does not know the allocation length, and tcmu-runner does not say how much it has returned
        exact = name != "tcmu"
        lengths = (4, 36, 255, 4096)
        good = every_room(t, s, f"{name}: INQUIRY", bytes([0x12]) + bytes(5), lengths, 3, 2, spotless, exact)
        t.ok(good, f"{name}: INQUIRY fails")
        for page in (0x00, 0x80, 0x83, 0x86, 0xB0, 0xB1, 0xB2):
            good += every_room(t, s, f"{name}: VPD {page:02x}", bytes([0x12, 1, page, 0, 0, 0]), lengths, 3, 2, spotless, exact)
        for page in (0x3F, 0x08):
            good += every_room(t, s, f"{name}: MODE SENSE(6) {page:02x}", bytes([0x1A, 0, page, 0, 0, 0]), (4, 255), 4, 1, spotless, exact)
            good += every_room(t, s, f"{name}: MODE SENSE(10) {page:02x}", bytes([0x5A, 0, page]) + bytes(7), (8, 255, 4096), 7, 2, spotless, exact)
        for what, cdb, allocations, at, size in (
                ("REPORT LUNS", bytes([0xA0]) + bytes(11), (16, 255, 65536), 6, 4),
                ("READ CAPACITY(16)", bytes([0x9E, 0x10]) + bytes(14), (12, 32, 4096), 10, 4),
                ("READ KEYS", bytes([0x5E, 0]) + bytes(8), (8, 255, 8192), 7, 2),
                ("FULL STATUS", bytes([0x5E, 3]) + bytes(8), (8, 255, 8192), 7, 2),
                ("PORT GROUPS", bytes([0xA3, 0x0A]) + bytes(10), (4, 64, 4096), 6, 4),
                ("OPERATION CODES", bytes([0xA3, 0x0C]) + bytes(10), (4, 64, 65536), 6, 4),
                ("REQUEST SENSE", bytes([0x03]) + bytes(5), (8, 18, 252), 4, 1)):
            # the core answers REPORT LUNS for pscsi, and does not look at its allocation length
            asked = exact and (name, what) != ("pscsi", "REPORT LUNS")
            good += every_room(t, s, f"{name}: {what}", cdb, allocations, at, size, spotless, asked)
        t.note(f"{name}: {good} GOOD")
        s.close()


def iser_tgt_part_of_a_block(t):
    """READ with an EDTL that ends inside a block: all of these bytes are what the disk holds there, though the backstore reads
    whole blocks. Direct I/O to a file may refuse it."""
    tried = 0
    for name in ("ram", "live", "direct", "sparse", "thin", "flakey"):
        if name not in DISKS:
            continue
        choose(t, name)
        s = t.disk()
        wrote = pattern(MIB, 31)
        t.good(s.write(0, wrote, ms=t.target.ms(30000))).free()
        for blocks in (1, 7, 8, 9, 128, 129, 2048):
            for room in sorted({4, 412, blocks * 512 - 100, blocks * 512 - 4, blocks * 512 - 512 + 4}):
                if not 0 < room < blocks * 512:
                    continue
                c = s.read(0, blocks, read=room, ms=t.target.ms(30000))
                what = f"{name}: READ of {blocks} blocks, room {room}"
                status, residual = c.status, c.residual
                data = spotless(t, c, what)
                if name == "direct" and status:
                    continue
                t.eq((status, residual), (0, blocks * 512 - room), f"status and residual, {what}")
                at = next((i for i in range(room) if data[i] != wrote[i]), None)
                t.ok(at is None, f"{what}: byte {at} is not that of the disk")
        tried += 1
    t.ok(tried, "no disk")


def iser_tgt_file_that_has_shrunk(t):
    """A file that was truncated while it is exported, buffered (live) and by direct asynchronous I/O (direct): what is beyond its
    end is zeros, or an error. Not tcmu: tcmu-runner never answers a READ beyond the end of its file."""
    tried = 0
    for name in ("live", "direct"):
        if name not in DISKS:
            t.note(f"no disk {name}")
            continue
        path = choose(t, name)
        s = t.disk()
        for at in range(0, SIZE, MIB):
            t.good(s.write(at // 512, pattern(MIB, at // MIB + 1), ms=t.target.ms(30000))).free()
        s.close()
        os.truncate(path, SIZE // 4 + 1000)
        try:
            # whole blocks of the file, and then its last piece
            tail_is_zeros(t, name, SIZE // 4 // 512 + 2)
        finally:
            os.truncate(path, SIZE)
        tried += 1
    t.ok(tried, "no disk in a file")


def iser_tgt_file_that_shrinks(t):
    """A file that is truncated and extended again while 1 MiB READs of it run: each block is what was written or zeros, or the
    READ fails."""
    path = choose(t, "live")
    s = t.disk()
    dirty_pool(t, s)
    start, wrote, done = SIZE // 2, pattern(MIB, 77), threading.Event()

    def shrink():
        turn = 0
        while not done.wait(turn % 7 * 0.01):
            os.truncate(path, start + turn % 16 * 64 * KIB + 512)
            os.truncate(path, SIZE)
            turn += 1

    ended = {"data": 0, "zeros": 0, "error": 0}
    other = threading.Thread(target=shrink)
    other.start()
    try:
        for turn in range(20):
            t.good(s.write(start // 512, wrote, ms=t.target.ms(30000))).free()
            running = [s.start(s.rw_cdb(0x28, start // 512, MIB // 512), read=MIB) for _ in range(3)]
            for c in running:
                s.finish(c, t.target.ms(30000))
                status, data = c.status, spotless(t, c, f"READ while the file shrinks, turn {turn}")
                if status:
                    t.ok(not data.strip(bytes([FILL])), f"turn {turn}: failed, and yet {len(data)} bytes came")
                    ended["error"] += 1
                    continue
                blocks = [(data[at:at + 512], wrote[at:at + 512]) for at in range(0, MIB, 512)]
                for i, (got, want) in enumerate(blocks):
                    # a truncation zeros the rest of a page, which a READ may be copying
                    t.ok(got == want or not any(got) or all(g in (w, 0) for g, w in zip(got, want)),
                         f"turn {turn}: block {i} is neither what was written nor zeros")
                ended["data" if data == wrote else "zeros"] += 1
    finally:
        done.set()
        other.join()
        os.truncate(path, SIZE)
    t.ok(ended["zeros"] + ended["error"], "no READ has met a truncation")
    t.note(", ".join(f"{n} ended with {what}" for what, n in ended.items()))
    t.alive(s)


def iser_tgt_blocks_never_written(t):
    """A store that allocates when it is written to (sparse, thin): what was never written reads as zeros, also next to a block
    that was."""
    tried = 0
    for name in ("sparse", "thin"):
        if name not in DISKS:
            t.note(f"no disk {name}")
            continue
        choose(t, name)
        s = t.disk()
        dirt = pattern(MIB, 13)
        # the buffers of all sizes have been filled with something else, by the first MiB
        for length in (512, 4 * KIB, 64 * KIB, MIB):
            t.good(s.write(0, dirt[:length], ms=t.target.ms(30000))).free()
            t.good(s.read(0, length // 512, ms=t.target.ms(30000))).free()
        for blocks in (1, 8, 9, 128, 129, 2048):
            start = 4 * MIB // 512
            data = spotless(t, t.good(s.read(start, blocks, ms=t.target.ms(30000))), f"{name}: {blocks} blocks never written")
            t.ok(len(data) == blocks * 512 and not any(data), f"{name}: {blocks} blocks never written are not zeros")
        t.good(s.write(8 * MIB // 512 + 3, dirt[:512])).free()
        data = spotless(t, t.good(s.read(8 * MIB // 512, 256, ms=t.target.ms(30000))), f"{name}: next to a block")
        t.ok(data == bytes(1536) + dirt[:512] + bytes(len(data) - 2048), f"{name}: something else than zeros is next to a block that was written")
        tried += 1
    t.ok(tried, "no disk that allocates when it is written to")


def iser_tgt_reads_that_fail_now_and_then(t):
    """dm-flakey: its second half fails. READs that fail send nothing."""
    choose(t, "flakey")
    failed = good = 0
    bad = SIZE // 2 // 512
    for _, start, blocks, room, what, data in reads_that_may_fail(t, bad, "the bad ones"):
        failed += data is None
        if data is not None:
            t.ok(start + blocks <= bad or room < blocks * 512, f"{what}: GOOD")
            good += 1
    t.ok(failed, "nothing failed")
    t.note(f"{failed} failed, {good} GOOD")


def debug(name, value):
    with open(f"{SCSI_DEBUG}/{name}", "w", encoding="ascii") as f:
        f.write(str(value))


def iser_tgt_short_transfers(t):
    """pscsi: a disk that transfers half of what was asked for, with status GOOD: only that half is sent, with the right residual."""
    choose(t, "pscsi")
    s = t.disk()
    dirty_pool(t, s)
    wrote = pattern(MIB, 21)
    t.good(s.write(0, wrote, ms=t.target.ms(30000))).free()
    short = 0
    debug("opts", 0x100)
    debug("every_nth", 1)
    try:
        for blocks in (2, 8, 16, 64, 128, 256):
            length = blocks * 512
            for room in (length, length + 4096):
                c = s.read(0, blocks, read=room, ms=t.target.ms(30000))
                what = f"READ of {blocks} blocks of which half come, room {room}"
                status, residual = c.status, c.residual
                data = spotless(t, c, what)
                if status:
                    t.ok(not data.strip(bytes([FILL])), f"{what}: failed, and yet {len(data)} bytes came")
                    continue
                t.eq(len(data), room + residual, f"bytes sent, {what}")
                t.ok(data == wrote[:len(data)], f"{what}: wrong data")
                short += len(data) < length
    finally:
        debug("every_nth", 0)
        debug("opts", 0)
    t.ok(short, "no transfer was short")
    t.note(f"{short} short")
    t.alive(s)
