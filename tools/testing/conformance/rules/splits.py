# SPDX-License-Identifier: GPL-2.0
"""Every way to split the data of a WRITE between the message and RDMA, with and without an AHS.

Linux sends either all or none of a WRITE's data as immediate data, and no AHS. Needs a disk of 16 MiB.
The random seed is printed; set SPLITS_SEED to repeat a run.
"""

import os
import random
import struct
import time

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS

from .data import KIB, MIB, immediate_limit, pattern

SEED = int(os.environ.get("SPLITS_SEED") or random.SystemRandom().randrange(1 << 32))
# Bytes of the CDB in an AHS: none, then 1 up to the maximum of 244
TAILS = (0, 1, 4, 16, 63, 244)
SIZES = (512, 3 * 512, 4 * KIB, 4 * KIB + 512, 8 * KIB, 33 * 512, 64 * KIB, 129 * 512, MIB)


def ahs(length):
    """An AHS for a CDB of 16 bytes; the additional CDB bytes are ignored by the disk."""
    return P.ext_cdb_ahs(bytes(length)) if length else b""


def stamped(length, lba, seed):
    """Blocks that contain their LBA."""
    filler = random.Random(seed).randbytes(512 - 16)
    return b"".join(struct.pack(">QQ", lba + i, seed) + filler for i in range(length // 512))


def cuts(length, limit):
    """Immediate lengths to test for a WRITE of this length, including none and all."""
    tried = {0, 4, 508, 512, 516, 4 * KIB - 4, 4 * KIB, 4 * KIB + 512, limit // 2, limit - 4, limit, length - 512, length}
    return sorted(n for n in tried if 0 <= n <= min(length, limit))


def check(t, s, lba, data, **how):
    """Write between two blocks that must not change, and read all of it back."""
    bs, n = s.block_size, len(data) // s.block_size
    edges = stamped(bs, lba - 1, 1), stamped(bs, lba + n, 2)
    for at, edge in zip((lba - 1, lba + n), edges):
        t.good(s.write(at, edge)).free()
    what = f"WRITE of {len(data)} bytes at block {lba}, {how and {**how, 'ahs': len(how.get('ahs', b''))}}"
    t.good(s.write(lba, data, ms=t.target.ms(30000), **how), what).free()
    c = t.good(s.read(lba - 1, n + 2, ms=t.target.ms(30000)), f"READ after {what}")
    got, want = c.data, edges[0] + data + edges[1]
    c.free()
    if got != want:
        at = next(i for i in range(len(want)) if got[i] != want[i])
        t.fail(f"{what}: byte {at - bs} on the disk is wrong, there stands {got[at:at + 16].hex()}, "
               f"must be {want[at:at + 16].hex()}")


def writes_immediate(t, s):
    if s.negotiated.get("ImmediateData") != "Yes":
        t.skip("ImmediateData=No")


def every_split(t, s, sizes=SIZES, tails=(0,)):
    seed = count = 0
    limit = immediate_limit(s) if s.negotiated.get("ImmediateData") == "Yes" else 0
    for length in sizes:
        for imm in cuts(length, limit):
            for tail in tails:
                if imm and imm + len(ahs(tail)) > limit:
                    continue        # tested by a rule of its own
                seed += 1
                check(t, s, 1 + seed % 61, stamped(length, 1 + seed % 61, seed), imm=imm, ahs=ahs(tail))
                count += 1
    t.note(f"{count} WRITEs, immediate data up to {limit} bytes")


def iser_tgt_no_immediate_part_and_all(t):
    """Each length, split at each offset, without an AHS."""
    every_split(t, t.disk(2 * MIB))


def iser_tgt_the_same_behind_an_ahs(t):
    """The same with AHS of 8 to 248 bytes before the data."""
    s = t.disk(2 * MIB)
    every_split(t, s, (512, 4 * KIB + 512, 64 * KIB), TAILS[1:])


def iser_tgt_all_immediate_behind_an_ahs(t):
    """TargetRecvDataSegmentLength limits the data only: an AHS is not included."""
    for tail in TAILS[1:]:
        s = t.disk(2 * MIB)
        writes_immediate(t, s)
        limit = immediate_limit(s)
        for length, imm in ((limit, limit), (limit + 512, limit), (64 * KIB, limit - 4)):
            check(t, s, 1, stamped(length, 1, tail), imm=imm, ahs=ahs(tail))
        s.close()


def iser_tgt_first_burst_lengths(t):
    """FirstBurstLength limits immediate data, for all values above 0 and below the buffer size."""
    for first_burst in (512, 1024, 4096, 5000, 8192, 65536):
        s = t.disk(2 * MIB, keys={**OPEN_ISCSI_KEYS, "FirstBurstLength": first_burst})
        t.ok(int(s.negotiated.get("FirstBurstLength", first_burst)) <= first_burst, "FirstBurstLength grew")
        every_split(t, s, (512, 4 * KIB + 512, 64 * KIB))
        s.close()


def iser_tgt_data_segment_lengths(t):
    """The same for TargetRecvDataSegmentLength, with the target's value below and above our offer."""
    for rdsl in (512, 4096, 8192, 65536):
        s = t.disk(2 * MIB, keys={**OPEN_ISCSI_KEYS, "TargetRecvDataSegmentLength": rdsl})
        t.note(f"offered {rdsl}, got {s.negotiated.get('TargetRecvDataSegmentLength')}")
        every_split(t, s, (4 * KIB + 512, 128 * KIB))
        s.close()


def iser_tgt_without_immediate_data(t):
    """ImmediateData=No: all data by RDMA READ, with and without an AHS."""
    s = t.disk(2 * MIB, keys={**OPEN_ISCSI_KEYS, "ImmediateData": "No"})
    every_split(t, s, SIZES, TAILS)


def iser_tgt_sixteen_mib(t):
    """16 MiB minus three blocks in one command, once with each split."""
    s = t.disk(16 * MIB)
    limit = immediate_limit(s) if s.negotiated.get("ImmediateData") == "Yes" else 0
    length = 16 * MIB - 3 * s.block_size
    for imm, tail in ((0, 0), (limit, 0), (min(516, limit), 244)):
        check(t, s, 1, pattern(length, imm + tail), imm=imm, ahs=ahs(tail))


def iser_tgt_anything_anywhere(t):
    """Random sizes, LBAs, splits, AHS, buffer addresses and padding."""
    s = t.disk(4 * MIB)
    writes_immediate(t, s)
    rnd = random.Random(SEED)
    t.note(f"SPLITS_SEED={SEED}")
    limit = immediate_limit(s)
    for i in range(150):
        length = 512 * int(2 ** rnd.uniform(0, 10.5))
        tail = ahs(rnd.choice(TAILS))
        most = min(length, limit - len(tail))
        imm = rnd.choice((0, most, rnd.randrange(most + 1)))
        lba = 1 + rnd.randrange(4 * MIB // 512 - length // 512 - 2)
        check(t, s, lba, stamped(length, lba, i), imm=imm, ahs=tail,
              skip=rnd.choice((0, 1, 4, 511, 4095)), pad=bool(rnd.randrange(2)))


def _at_once(t, sessions, seed):
    """Fill the window of each session, alternating block by block; start all commands before finishing one."""
    rnd = random.Random(seed)
    t.note(f"SPLITS_SEED={SEED}")
    bs = sessions[0].block_size
    disk, running, lba = {}, [], 0
    for i in range(24):
        for s in sessions:
            n = rnd.choice((1, 3, 8, 9, 33))
            data = stamped(n * bs, lba, seed + i)
            tail = ahs(rnd.choice(TAILS))
            most = min(immediate_limit(s) - len(tail), len(data)) if s.negotiated.get("ImmediateData") == "Yes" else 0
            imm = rnd.choice((0, most, rnd.randrange(most + 1)))
            running.append((s, s.start(s.rw_cdb(0x2A, lba, n), write=data, imm=imm, ahs=tail)))
            disk[lba] = data
            lba += n
    for s, c in running:
        t.good(s.finish(c, t.target.ms(30000)), "a WRITE among many").free()
    for at, data in disk.items():
        for s in sessions:
            c = t.good(s.read(at, len(data) // bs))
            if c.data != data:
                first = next(i for i in range(len(data)) if c.data[i] != data[i])
                t.fail(f"block {at + first // bs} holds {c.data[first // bs * bs:][:32].hex()}, "
                       f"must begin {data[first // bs * bs:][:32].hex()}")
            c.free()


def widen(t, s, need=24):
    """Widen the window to this many commands: iser_tgt grows the window of a session that keeps it full, as soon as the buffers of
    the sessions that have ended are free."""
    end = time.monotonic() + t.target.ms(10000) / 1000
    while time.monotonic() < end:
        room = (s.maxcmdsn - s.cmdsn + 1) & P.NONE
        if room >= need:
            return
        for c in [s.start(s.rw_cdb(0x28, 0, 1), read=s.block_size) for _ in range(room)]:
            t.good(s.finish(c)).free()
    t.fail(f"the command window is too small: {room}")


def iser_tgt_many_at_once(t):
    """WRITEs with all splits, queued together."""
    s = t.disk(4 * MIB, credits=130)
    widen(t, s)
    for round_ in range(4):
        _at_once(t, [s], SEED + round_)


def iser_tgt_two_sessions_block_by_block(t):
    """Two sessions write adjacent blocks at once; each reads the data of both."""
    pair = [t.disk(4 * MIB, credits=130) for _ in range(2)]
    for s in pair:
        widen(t, s)
    for round_ in range(3):
        _at_once(t, pair, SEED + 100 + round_)


def cdb32(action, lba, blocks, flags=0):
    return bytes([0x7F]) + bytes(6) + bytes([24]) + action.to_bytes(2, "big") + bytes([flags, 0]) + \
        lba.to_bytes(8, "big") + bytes(8) + blocks.to_bytes(4, "big")


def rw32(s, action, lba, blocks, **how):
    cdb = cdb32(action, lba, blocks)
    return s.scsi(cdb, ahs=P.ext_cdb_ahs(cdb[16:]), **how)


def iser_tgt_read_32_and_write_32(t):
    """READ(32) and WRITE(32), whose CDBs end in an AHS, if the disk supports them."""
    s = t.disk(2 * MIB)
    c = rw32(s, 9, 0, 1, read=512)
    if c.status:
        t.check_condition(c, 5, (0x20, 0))
        t.skip("this disk has no READ(32)")
    limit, seed = immediate_limit(s) - 20, 0
    for length in (512, 4 * KIB + 512, 64 * KIB, 129 * 512):
        for imm in cuts(length, limit):
            seed += 1
            data = stamped(length, seed, seed)
            t.good(rw32(s, 11, seed, length // 512, write=data, imm=imm), f"WRITE(32) of {length}, {imm} immediate").free()
            for c in (rw32(s, 9, seed, length // 512, read=length), s.read(seed, length // 512)):
                t.ok(t.good(c).data == data, f"wrong data after WRITE(32) of {length} bytes, {imm} immediate")
                c.free()
    t.note(f"{seed} WRITE(32)")


def iser_tgt_write_same_32(t):
    """WRITE SAME(32): one block of data, immediate after the AHS or by RDMA, to many blocks."""
    s = t.disk(2 * MIB)
    for imm in (0, 4, 508, 512):
        for lba, blocks in ((3, 1), (8, 40), (100, 129)):
            data = stamped(512, lba, imm + 7)
            before, after = stamped(512, lba - 1, 3), stamped(512, lba + blocks, 4)
            t.good(s.write(lba - 1, before))
            t.good(s.write(lba + blocks, after))
            c = rw32(s, 13, lba, blocks, write=data, imm=imm)
            if c.status:
                t.check_condition(c, 5)
                t.skip(f"this disk has no WRITE SAME(32): sense {c.response.sense_code}")
            t.good(c).free()
            c = t.good(s.read(lba - 1, blocks + 2))
            t.ok(c.data == before + data * blocks + after, f"WRITE SAME(32) of {blocks} blocks, {imm} bytes immediate: wrong data")
            c.free()
