# SPDX-License-Identifier: GPL-2.0
"""PERSISTENT RESERVE OUT with TransportIDs: SPC-4 sections 6.16.3, 6.16.4 and 7.6.4.6.

Any initiator with a LUN can send these lists. The target core parses them with C strings, so that what is
not terminated is read beyond the list.
"""

from iser import pdu as P

REGISTER, RESERVE, RELEASE, CLEAR, REGISTER_AND_IGNORE, MOVE = 0, 1, 2, 3, 6, 7
ILLEGAL = 5
LENGTH_ERROR, INVALID_CDB, INVALID_FIELD = (0x1A, 0), (0x24, 0), (0x26, 0)
IU_FIELD, UNSUPPORTED = (0x0E, 3), (0x20, 0)
LENGTHS = LENGTH_ERROR, INVALID_CDB, INVALID_FIELD
KEY, OTHER_KEY = 0x1234, 0x5678
APTPL, SPEC_I_PT = 1, 8
ISID = "00023d0a0b0c"


def pr_out(s, action, data, kind=0, length=None, imm=0):
    """PERSISTENT RESERVE OUT with this parameter list; `length` is what the CDB says."""
    length = len(data) if length is None else length
    return s.scsi(bytes([0x5F, action, kind, 0, 0]) + length.to_bytes(4, "big") + b"\0", write=data, imm=imm)


def basic(key, new, flags=0):
    return key.to_bytes(8, "big") + new.to_bytes(8, "big") + bytes(4) + bytes([flags]) + bytes(3)


def with_ids(ids, key=0, new=KEY, length=None):
    """The list of REGISTER with SPEC_I_PT."""
    return basic(key, new, SPEC_I_PT) + (len(ids) if length is None else length).to_bytes(4, "big") + ids


def move_to(tid, rtpi, key=KEY, new=OTHER_KEY, length=None, unreg=0):
    return key.to_bytes(8, "big") + new.to_bytes(8, "big") + bytes([0, unreg << 1]) + rtpi.to_bytes(2, "big") + \
        (len(tid) if length is None else length).to_bytes(4, "big") + tid


def iscsi_id(text, form, length=None, protocol=5):
    """A TransportID with this text, padded unless its ADDITIONAL LENGTH is given."""
    text = text.encode() if isinstance(text, str) else text
    if length is None:
        text = text.ljust(max(20, len(text) + 3 & ~3), b"\0")
        length = len(text)
    return bytes([form << 6 | protocol, 0]) + length.to_bytes(2, "big") + text


def malformed(name):
    """(what, TransportID) that no target may take; all within their list."""
    port = f"{name},i,0x"
    room = -(len(port)) % 4
    return (
        ("an ISID of 8 digits", iscsi_id(port + ISID[:8] + "\0", 1)),
        ("an ISID of 11 digits", iscsi_id(port + ISID[:11] + "\0", 1)),
        ("an ISID of 13 digits", iscsi_id(port + ISID + "0\0", 1)),
        ("an ISID that is no number", iscsi_id(port + "00023d0a0b0z\0", 1)),
        ("no ISID", iscsi_id(port + "\0", 1)),
        ("an ISID without NUL, short", iscsi_id(port + "1" * (room or 4), 1)),
        ("an ISID without NUL, of 12 or more digits", iscsi_id(port + "1" * (12 + room), 1)),
        ("an ISID that fills the longest TransportID", iscsi_id(port + "1" * (244 - len(port)), 1)),
        ("no separator", iscsi_id(name + "\0", 1)),
        ("half a separator at the end", iscsi_id((name + "x" * 4)[:len(name) + -(len(name) + 4) % 4] + ",i,0", 1)),
        ("a name without NUL", iscsi_id(name + "x" * (-len(name) % 4), 0)),
        ("a name of 224 bytes", iscsi_id("n" * 224 + "\0", 0)),
        ("a port with a name of 224 bytes", iscsi_id("n" * 224 + ",i,0x" + ISID + "\0", 1)),
        ("an empty name", iscsi_id(bytes(20), 0)),
        ("a port with an empty name", iscsi_id(",i,0x" + ISID + "\0", 1)),
        ("other padding than NULs", iscsi_id(name + "\0\0\0\0x", 0)),
        ("other padding than NULs behind the ISID", iscsi_id(port + ISID + "\0\0x", 1)),
        ("a reserved format code", iscsi_id(name + "\0", 2)),
        ("the other reserved format code", iscsi_id(port + ISID + "\0", 3)),
        ("an ADDITIONAL LENGTH of 16", iscsi_id(b"iqn".ljust(16, b"\0"), 0, 16)),
        ("an ADDITIONAL LENGTH of 0", iscsi_id(b"", 0)),
        ("an ADDITIONAL LENGTH of 22", iscsi_id(b"iqn".ljust(22, b"\0"), 0, 22)),
        ("an unknown protocol", iscsi_id(name + "\0", 0, protocol=0xB)),
    )


def truncated(name):
    """(what, TransportIDs) that end behind their list."""
    whole = iscsi_id(f"{name},i,0x{ISID}\0", 1)
    return [(f"a TransportID without its last {n} bytes", whole[:-n]) for n in (1, 4, 13, 16, len(whole) - 24)] + [
        ("3 bytes", whole[:3]),
        ("a TransportID of 65539 bytes in 24", iscsi_id(b"iqn".ljust(20, b"\0"), 0, 0xFFFF)),
        ("a TransportID of 65536 bytes in 24", iscsi_id(b"iqn".ljust(20, b"\0"), 0, 0xFFFC)),
        ("a whole one and one byte", whole + b"\5"),
    ]


def keys(t, s):
    c = t.good(s.scsi(bytes([0x5E, 0]) + bytes(5) + (512).to_bytes(2, "big") + b"\0", read=512))
    return [int.from_bytes(c.data[i:i + 8], "big") for i in range(8, 8 + int.from_bytes(c.data[4:8], "big"), 8)]


def full_status(t, s):
    """(key, holder, relative port, TransportID) of each registration."""
    c = t.good(s.scsi(bytes([0x5E, 3]) + bytes(5) + (8192).to_bytes(2, "big") + b"\0", read=8192))
    left, found = c.data[8:8 + int.from_bytes(c.data[4:8], "big")], []
    while left:
        length = int.from_bytes(left[20:24], "big")
        found.append((int.from_bytes(left[:8], "big"), left[12] & 1, int.from_bytes(left[18:20], "big"), left[24:24 + length]))
        left = left[24 + length:]
    return found


def ready(t, **how):
    """A session without unit attentions."""
    s = t.disk(**how)
    for _ in range(8):
        if s.test_unit_ready().status == 0:
            return s
    return t.fail("unit attentions without end")


def clear(t, s):
    """Remove all registrations, whatever their keys: no rule leaves one to the next."""
    c = pr_out(s, REGISTER_AND_IGNORE, basic(0, KEY))
    if c.status == 2 and c.response.sense_code and c.response.sense_code[0] == ILLEGAL:
        t.skip(f"no PERSISTENT RESERVE OUT here: {c.response.sense_code}")
    t.good(c)
    t.good(pr_out(s, CLEAR, basic(KEY, 0)))


class Registered:
    """A session that has registered KEY and, if asked to, reserved; cleared at the end."""

    def __init__(self, t, reserve=False):
        self.t, self.s, self.reserve = t, ready(t), reserve

    def __enter__(self):
        clear(self.t, self.s)
        self.t.good(pr_out(self.s, REGISTER, basic(0, KEY)))
        if self.reserve:
            self.t.good(pr_out(self.s, RESERVE, basic(KEY, 0), 1))
        return self.s

    def __exit__(self, *error):
        if not error[0]:
            clear(self.t, self.s)


def refused(t, c, what, *codes):
    t.contained(c)
    t.eq(c.status, 2, f"SCSI status of {what}")
    code = c.response.sense_code
    t.ok(code and code[0] == ILLEGAL and code[1:] in codes, f"{what}: sense {code}, must be one of {codes}")


def spc4_7_6_4_6_malformed_transport_ids_in_register(t):
    """REGISTER with SPEC_I_PT and a malformed TransportID: CHECK CONDITION, INVALID FIELD IN PARAMETER
    LIST, and nothing is registered. The same if the list is immediate data."""
    s = ready(t)
    clear(t, s)
    for what, tid in malformed(t.target.initiator):
        for action in (REGISTER, REGISTER_AND_IGNORE):
            data = with_ids(tid)
            for imm in (0, len(data) & ~3, len(data)):
                refused(t, pr_out(s, action, data, imm=imm), what, INVALID_FIELD)
    t.eq(keys(t, s), [], "the keys registered")
    t.alive(s)


def spc4_7_6_4_6_malformed_transport_ids_in_register_and_move(t):
    """REGISTER AND MOVE with a malformed TransportID: the same, and the reservation stays where it is."""
    with Registered(t, reserve=True) as s:
        before = full_status(t, s)
        for what, tid in malformed(t.target.initiator):
            data = move_to(tid, before[0][2])
            for imm in (0, len(data)):
                refused(t, pr_out(s, MOVE, data, imm=imm), what, INVALID_FIELD)
        t.eq(full_status(t, s), before, "the registrations")
        t.eq(before[0][:2], (KEY, 1), "key and holder")


def spc4_6_16_3_lists_that_end_too_early(t):
    """A TransportID that is longer than its list, by both service actions: PARAMETER LIST LENGTH ERROR,
    or INVALID FIELD IN PARAMETER LIST."""
    with Registered(t, reserve=True) as s:
        rtpi = full_status(t, s)[0][2]
        for what, ids in truncated(t.target.initiator):
            refused(t, pr_out(s, MOVE, move_to(ids, rtpi)), what, LENGTH_ERROR, INVALID_FIELD)
    clear(t, s)
    for what, ids in truncated(t.target.initiator):
        refused(t, pr_out(s, REGISTER, with_ids(ids)), what, LENGTH_ERROR, INVALID_FIELD)
    t.eq(keys(t, s), [], "the keys registered")


def spc4_6_16_3_lengths_that_contradict_each_other(t):
    """Length of the TransportIDs, PARAMETER LIST LENGTH and EDTL differ: refused, in whatever order."""
    tid = iscsi_id(f"{t.target.initiator},i,0x{ISID}\0", 1)
    with Registered(t, reserve=True) as s:
        rtpi = full_status(t, s)[0][2]
        for length in (0, 4, 20, len(tid) - 4, len(tid) + 1, len(tid) + 4, 0x7FFFFFFF, 0xFFFFFFE4, 0xFFFFFFFF):
            refused(t, pr_out(s, MOVE, move_to(tid, rtpi, length=length)), f"length {length:#x}", LENGTH_ERROR, INVALID_FIELD)
        data = move_to(tid, rtpi)
        for length in (len(data) + 4, 8192, 0xFFFFFFFF):
            refused(t, pr_out(s, MOVE, data, length=length), f"a CDB of {length:#x}", *LENGTHS)
        for length in (25, 28, len(data) - 1):
            refused(t, pr_out(s, MOVE, data, length=length), f"a CDB of {length:#x}", *LENGTHS)
        refused(t, pr_out(s, MOVE, move_to(b"", rtpi)), "no TransportID", LENGTH_ERROR, INVALID_FIELD)
        refused(t, pr_out(s, MOVE, move_to(tid + tid, rtpi)), "two TransportIDs", LENGTH_ERROR, INVALID_FIELD)
    clear(t, s)
    for length in (0, 24, len(tid) - 4, len(tid) + 1, len(tid) + 28, 0xFFFFFFE4, 0xFFFFFFFF):
        refused(t, pr_out(s, REGISTER, with_ids(tid, length=length)), f"length {length:#x}", LENGTH_ERROR, INVALID_FIELD)
    data = with_ids(tid)
    for length in (len(data) + 4, 8192, 0xFFFFFFFF, 25, 27, 28, len(data) - 4):
        refused(t, pr_out(s, REGISTER, data, length=length), f"a CDB of {length:#x}", *LENGTHS)
    t.eq(keys(t, s), [], "the keys registered")


def spc4_6_16_3_long_lists(t):
    """Lists of exactly 8, 4 and 64 KiB whose last TransportID has an ISID that ends with the list: refused,
    and nothing is registered."""
    s = ready(t)
    clear(t, s)
    good = iscsi_id(f"{t.target.initiator},i,0x{ISID}\0", 1)
    for size in (8192, 4096, 65536):
        room = size - 28
        nr = (room - 300) // len(good)
        ids = good * nr
        # what is left, in one or two more
        left = room - len(ids)
        if left > 248:
            ids += iscsi_id(good[4:].ljust(left // 2 - 4 & ~3, b"\0"), 1)
            left = room - len(ids)
        last = f"{t.target.initiator},i,0x"
        for form, text in ((1, last + "1" * (left - 4 - len(last))), (0, "n" * (left - 4))):
            data = with_ids(ids + iscsi_id(text, form))
            t.eq(len(data), size, "bytes of the list")
            refused(t, pr_out(s, REGISTER, data), f"{size} bytes, format {form}", INVALID_FIELD)
    t.eq(keys(t, s), [], "the keys registered")
    t.alive(s)


def spc4_6_16_4_move_in_8_kib(t):
    """REGISTER AND MOVE with a list of 8 KiB that is one TransportID: refused; the reservation stays."""
    with Registered(t, reserve=True) as s:
        before = full_status(t, s)
        port = f"{t.target.initiator},i,0x"
        for text in (port + ISID + "\0", port + "1" * (8192 - 28 - len(port)), port + ISID + "\0" * 64 + "x"):
            tid = iscsi_id(text.encode().ljust(8192 - 28, b"\0"), 1)
            refused(t, pr_out(s, MOVE, move_to(tid, before[0][2])), "8 KiB", INVALID_FIELD)
        t.eq(full_status(t, s), before, "the registrations")


def iser_tgt_longest_list(t):
    """More than 64 KiB of TransportIDs, each of which may become a registration: PARAMETER LIST LENGTH
    ERROR."""
    s = ready(t)
    clear(t, s)
    ids = iscsi_id(f"{t.target.initiator},i,0x{ISID}\0", 1) * 1300
    refused(t, pr_out(s, REGISTER, with_ids(ids)), f"{len(ids)} bytes", LENGTH_ERROR)
    t.eq(keys(t, s), [], "the keys registered")


def iser_tgt_unknown_initiator(t):
    """REGISTER with SPEC_I_PT and an initiator that has no access to the disk: CHECK CONDITION, INVALID FIELD IN PARAMETER LIST, nothing is
    registered, and the session ends as any other does: its initiator can log in again, also with the same ISID."""
    name, isid = t.target.initiator + "-guest", None
    for action in (REGISTER, REGISTER_AND_IGNORE):
        for tail, form in ((f",i,0x{ISID}\0", 1), ("\0", 0)):
            s = ready(t, initiator=name, isid=isid)
            isid = s.isid
            clear(t, s)
            unknown = iscsi_id("iqn.2026-01.org.example:unknown" + tail, form)
            here = full_status_id(t, s)
            for ids in (unknown, here + unknown, unknown + here):
                refused(t, pr_out(s, action, with_ids(ids)), "an unknown initiator", INVALID_FIELD)
            refused(t, pr_out(s, action, with_ids(bytes([0]) + bytes(23))), "a port of Fibre Channel", INVALID_FIELD)
            t.eq(keys(t, s), [], "the keys registered")
            s.logout()
            s.close()
    ready(t, initiator=name, isid=isid)


def full_status_id(t, s):
    """The TransportID of this session; no registration is left."""
    t.good(pr_out(s, REGISTER, basic(0, KEY)))
    tid = full_status(t, s)[0][3]
    t.good(pr_out(s, REGISTER, basic(KEY, 0)))
    return tid


def _pair(t):
    """Two sessions of different names, the second with its TransportID."""
    s = ready(t)
    clear(t, s)
    other = ready(t, initiator=t.target.initiator + "-other")
    t.good(pr_out(other, REGISTER, basic(0, OTHER_KEY)))
    found = full_status(t, other)
    t.eq([f[0] for f in found], [OTHER_KEY], "the keys registered")
    return s, other, found[0]


def spc4_6_16_3_register_for_another_port(t):
    """REGISTER with SPEC_I_PT and the TransportID of a port, as READ FULL STATUS prints it: the sender and
    that port are registered with the same key; the port can use it."""
    s, other, (_, _, _, tid) = _pair(t)
    t.good(pr_out(other, REGISTER, basic(OTHER_KEY, 0)))
    t.eq(keys(t, other), [], "the keys registered")
    t.eq(tid[:1], b"\x45", "format and protocol of a TransportID")
    for imm in (0, 64):
        data = with_ids(tid)
        t.good(pr_out(s, REGISTER, data, imm=min(imm, len(data))))
        t.eq(keys(t, s), [KEY, KEY], "the keys registered")
        t.ok(tid in [f[3] for f in full_status(t, s)], "the port is not registered")
        t.good(pr_out(other, REGISTER, basic(KEY, 0)))
        t.eq(keys(t, s), [KEY], "the keys registered, the port has unregistered")
        t.good(pr_out(s, REGISTER, basic(KEY, 0)))
    t.eq(keys(t, s), [], "the keys registered")


def spc4_6_16_4_move_to_another_port(t):
    """REGISTER AND MOVE to a registered port: it holds the reservation then."""
    s, other, (_, _, rtpi, tid) = _pair(t)
    t.good(pr_out(s, REGISTER, basic(0, KEY)))
    t.good(pr_out(s, RESERVE, basic(KEY, 0), 1))
    t.good(pr_out(s, MOVE, move_to(tid, rtpi)))
    holders = [f[3] for f in full_status(t, s) if f[1]]
    t.eq(holders, [tid], "the TransportID of the holder")
    t.good(pr_out(other, RELEASE, basic(OTHER_KEY, 0), 1))
    clear(t, s)


def spc4_6_16_short_lists(t):
    """Fewer than 24 bytes, by any service action: refused, the session goes on."""
    s = ready(t)
    clear(t, s)
    for action in (REGISTER, REGISTER_AND_IGNORE, MOVE):
        for n in (4, 8, 20, 23):
            refused(t, pr_out(s, action, bytes([0xFF] * n)), f"{n} bytes", LENGTH_ERROR, INVALID_FIELD)
    for n in (24, 25, 27):
        refused(t, pr_out(s, REGISTER, with_ids(b"")[:n]), f"SPEC_I_PT in {n} bytes", LENGTH_ERROR, INVALID_FIELD)
    c = s.scsi(bytes([0x5F, MOVE]) + bytes(8))
    t.ok(c.status, "REGISTER AND MOVE without a list is GOOD")
    t.alive(s)


def _same(lba, blocks, opcode, unmap=0):
    """The CDB of a WRITE SAME."""
    if opcode == 0x41:
        return bytes([opcode, unmap]) + lba.to_bytes(4, "big") + b"\0" + blocks.to_bytes(2, "big") + b"\0"
    if opcode == 0x93:
        return bytes([opcode, unmap]) + lba.to_bytes(8, "big") + blocks.to_bytes(4, "big") + bytes(2)
    return bytes([0x7F, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x0D, unmap, 0]) + lba.to_bytes(8, "big") + bytes(8) + blocks.to_bytes(4, "big")


def rfc7143_11_3_1_direction_that_is_not_that_of_the_cdb(t):
    """Commands that write, with the R bit or without data; READs with the W bit. Illegal request, and the blocks stay, whether another session has
    reserved the disk for its writes or not: the target core goes by these bits alone."""
    def unchanged(s, data, what):
        t.ok(t.good(s.read(64, 8)).data == data, f"{what} has written")

    for reserved in (False, True):
        s, other, _ = _pair(t)
        size = s.block_size
        data = bytes(range(1, 9)) * size
        t.good(s.write(64, data))
        if reserved:
            t.good(pr_out(s, REGISTER, basic(0, KEY)))
            t.good(pr_out(s, RESERVE, basic(KEY, 0), 1))
        for opcode in (0x41, 0x93, 0x7F):
            for unmap in (0, 8):
                cdb = _same(64, 8, opcode, unmap)
                for read in (size, 8 * size, 0):
                    c = other.scsi(cdb[:16], ahs=P.ext_cdb_ahs(cdb[16:]) if cdb[16:] else b"", read=read)
                    refused(t, c, f"WRITE SAME {opcode:02x}h, {read} bytes to read", IU_FIELD, UNSUPPORTED, INVALID_CDB)
                    unchanged(s, data, "WRITE SAME")
        compare = bytes([0x89, 0]) + (64).to_bytes(8, "big") + bytes([0, 0, 0, 1, 0, 0])
        refused(t, other.scsi(compare, read=2 * size), "COMPARE AND WRITE that is said to read", IU_FIELD)
        refused(t, other.scsi(other.rw_cdb(0x2A, 64, 8), read=8 * size), "WRITE(10) that is said to read", IU_FIELD)
        unchanged(s, data, "a WRITE")
        if not reserved:
            refused(t, other.scsi(other.rw_cdb(0x28, 64, 8), write=bytes(8 * size)), "READ(10) that is said to write", IU_FIELD)
            unchanged(s, data, "READ")
        clear(t, s)
