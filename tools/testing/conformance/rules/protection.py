# SPDX-License-Identifier: GPL-2.0
"""Commands with protection information (T10-PI) on a LUN that has it, at a target whose RDMA device handles it."""

MIB = 1 << 20


def cdb(opcode, blocks, protect=0x20):
    return bytes([opcode, protect]) + bytes(4) + b"\0" + blocks.to_bytes(2, "big") + b"\0"


def iser_tgt_protected_commands_have_their_exact_length(t):
    """A command with RDPROTECT or WRPROTECT whose EDTL is not that of the blocks and their tuples: CHECK CONDITION, and no byte
    beyond EDTL is moved. Nor is a READ without, if EDTL ends within a block."""
    s = t.disk(4 * MIB)
    bs = s.block_size
    for room in (bs, 8 * bs, 8 * (bs + 8) - 8, 8 * (bs + 8) + 8):
        c = s.scsi(cdb(0x28, 8), read=room)
        t.check_condition(c, 5)
        t.contained(c)
        t.check_condition(s.scsi(cdb(0x2A, 8), write=bytes(room)), 5)
    c = s.scsi(cdb(0x28, 8, 0), read=bs + 100)
    t.check_condition(c, 5)
    t.contained(c)
    t.good(s.read(0, 8))


def iser_tgt_more_than_a_signature_covers(t):
    """More than 1 MiB in one protected command: CHECK CONDITION, and the session goes on. With 1 MiB it is executed."""
    s = t.disk(4 * MIB)
    blocks = MIB // s.block_size
    t.good(s.write(0, bytes(MIB), ms=t.target.ms(30000)))
    t.ok(t.good(s.read(0, blocks, ms=t.target.ms(30000))).data == bytes(MIB), "wrong data")
    t.check_condition(s.write(0, bytes(MIB + s.block_size)), 5)
    t.check_condition(s.read(0, blocks + 1), 5)
    t.alive(s)


def iser_tgt_more_tuples_than_a_signature_covers(t):
    """WRITE SAME of so many blocks that their tuples are more than 1 MiB, though the data is one block: CHECK CONDITION, INVALID FIELD
    IN CDB, and the session goes on."""
    s = t.disk(72 * MIB)
    blocks = MIB // 8 + 1
    c = s.scsi(bytes([0x93, 0]) + bytes(8) + blocks.to_bytes(4, "big") + b"\0\0", write=bytes(s.block_size))
    t.check_condition(c, 5, (0x24, 0))
    t.alive(s)


def iser_tgt_protected_read_without_a_buffer(t):
    """A protected READ that advertises no STag is a protocol error, and holds up nobody afterwards, not even who removes the LUN."""
    s = t.disk(4 * MIB)
    s.start(cdb(0x28, 8), edtl=8 * (s.block_size + 8), r=True)
    t.settled(s)
    t.serves_others()
