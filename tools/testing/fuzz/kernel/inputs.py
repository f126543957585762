# SPDX-License-Identifier: GPL-2.0
"""Inputs of the PDU fuzzer: a list of steps, each for one of a few connections.

A step is a dict, a line of JSON in a corpus file:

    {"to": 0, "do": "pdu", "iser": HEX, "bhs": HEX, "ahs": BYTES, "data": BYTES, ...}
    {"to": 0, "do": "close"|"break"|"open"|"again"|"wait", ...}

What a real initiator would compute is filled in when the step is executed, unless the step says otherwise:

    cmdsn   added to the next CmdSN; null: as in the header
    itt     "new", "last": that of the previous PDU, "raw": as in the header
    ref     "last": the Referenced Task Tag or the Target Transfer Tag is the last one seen; "raw"
    r, w    the STags: "good", "wrong": of memory without that permission, "other": of another connection, "raw"
    cut     the length of the message, if not what the headers and data have
"""

import json

from iser import pdu as P

SLOTS = 7
NOT_LOGGED_IN = 6       # a connection whose first PDU is up to the input
DISCOVERY = 5
WINDOW = 65536          # bytes that an STag names
MOST = 16384            # bytes of data in a PDU

CLASSES = {c.OPCODE: c for c in (P.NopOut, P.ScsiCommand, P.TaskManagement, P.LoginRequest, P.TextRequest,
                                 P.DataOut, P.Logout, P.Snack)}
NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 129, 255, 256, 511, 512, 513, 1023, 1024, 4095, 4096,
           8191, 8192, 8193, 16384, 32767, 32768, 65535, 65536, 0x7FFFFF, 0xFFFFFF, 0x7FFFFFFF, 0x80000000,
           0xFFFFFFFE, 0xFFFFFFFF)
LUNS = (0, 0, 0, 0, 1, 1, 2, 3, 255, 0x4001, 0xC101, 0xFFFF)


# ---- text form ------------------------------------------------------------------------------------

def pack(data):
    """Bytes as hex; a block of equal bytes as XX*N."""
    data = bytes(data)
    if len(data) > 16 and data == data[:1] * len(data):
        return f"{data[0]:02x}*{len(data)}"
    return data.hex()


def unpack(text):
    if "*" in text:
        byte, count = text.split("*")
        return bytes([int(byte, 16)]) * min(int(count), MOST)
    return bytes.fromhex(text)


def dump(steps):
    return "".join(json.dumps(s) + "\n" for s in steps)


def load(text):
    return [json.loads(line) for line in text.splitlines() if line and not line.startswith("#")]


# ---- valid PDUs -----------------------------------------------------------------------------------

def step(to, pdu, iser=None, **how):
    return {"to": to, "do": "pdu", "iser": bytes((iser or P.IserHeader()).raw).hex(), "bhs": bytes(pdu.raw).hex(),
            "ahs": pack(pdu.ahs), "data": pack(pdu.data), "cmdsn": 0, "itt": "new", "ref": "raw", "r": "raw", "w": "raw",
            "cut": None, **how}


def scsi(to, cdb, read=0, write=0, imm=0, lun=0, ahs=b"", data=None, **fields):
    """A SCSI Command with the buffers it needs."""
    iser, how = P.IserHeader(), {}
    if read:
        iser.rsv, iser.read_stag, how["r"] = 1, 1, "good"
    if write > imm:
        iser.wsv, iser.write_stag, how["w"] = 1, 1, "good"
    for key in ("cmdsn", "itt"):
        if key in fields:
            how[key] = fields.pop(key)
    if data is None:
        data = b"\x5a" * imm
    return step(to, P.ScsiCommand(data, ahs=ahs, **{"r": bool(read), "w": bool(write), "attr": 1, "edtl": read or write,
                                                    "lun": lun << 48, "cdb": bytes(cdb), **fields}), iser, **how)


def rw(opcode, lba, blocks, flags=0):
    lba, blocks = lba & 0xFFFFFFFF, blocks & 0xFFFF
    if opcode in (0x08, 0x0A):
        return bytes([opcode]) + (lba & 0x1FFFFF).to_bytes(3, "big") + bytes([blocks & 0xFF, 0])
    if opcode in (0x88, 0x8A, 0x8F, 0x91, 0x93):
        return bytes([opcode, flags]) + lba.to_bytes(8, "big") + blocks.to_bytes(4, "big") + bytes(2)
    if opcode in (0xA8, 0xAA, 0xAF):
        return bytes([opcode, flags]) + lba.to_bytes(4, "big") + blocks.to_bytes(4, "big") + bytes(2)
    if opcode == 0x89:
        return bytes([opcode, flags]) + lba.to_bytes(8, "big") + bytes(3) + bytes([blocks & 0xFF]) + bytes(2)
    return bytes([opcode, flags]) + lba.to_bytes(4, "big") + b"\0" + blocks.to_bytes(2, "big") + b"\0"


def long_cdb(action, lba, blocks):
    """READ(32), WRITE(32), ...: (the CDB in the header, the AHS with the rest)."""
    cdb = bytes([0x7F]) + bytes(6) + bytes([24]) + action.to_bytes(2, "big") + bytes(2) + lba.to_bytes(8, "big") + \
        lba.to_bytes(4, "big") + bytes(4) + blocks.to_bytes(4, "big")
    return cdb[:16], P.ext_cdb_ahs(cdb[16:])


def number(rng, size, mask=0):
    most = mask >> ((mask & -mask).bit_length() - 1) if mask else (1 << 8 * size) - 1
    value = rng.choice(NUMBERS) if rng.random() < 0.7 else rng.getrandbits(8 * size)
    if rng.random() < 0.1:
        value = -value
    return value & most


def some_bytes(rng, most=512):
    length = rng.choice((0, 1, 3, 4, 8, 16, 24, 32, 64, 128, 512, rng.randrange(most)))
    kind = rng.randrange(3)
    if kind == 0:
        return bytes([rng.choice((0, 0xFF, 0x5A))]) * length
    return bytes(rng.getrandbits(8) for _ in range(min(length, 64)))


def pr_out(rng):
    action = rng.choice((0, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7))
    key = rng.choice((0, 1, 1, 2)).to_bytes(8, "big")
    new = rng.choice((0, 1, 1, 2)).to_bytes(8, "big")
    data = key + new + bytes(4) + bytes([rng.choice((0, 0, 1, 4, 8, 0xFF))]) + bytes(3)
    length = rng.choice((24, 24, 24, 24, 0, 16, 48))
    data = data[:length].ljust(length, b"\0")
    return bytes([0x5F, action, rng.choice((1, 3, 5, 6, 7, 8, 0x15))]) + bytes(2) + length.to_bytes(4, "big") + b"\0", data


def command(rng, to):
    """A SCSI Command of some sort, valid or nearly."""
    lun, lba = rng.choice(LUNS), rng.choice((0, 0, 1, 8, 100, 4095, 16383, 32767, 0xFFFFFFFF))
    blocks = rng.choice((0, 1, 1, 2, 8, 16, 64, 127, 128, 129))
    length = min(blocks * 512, WINDOW)
    kind = rng.randrange(18)
    if kind < 4:
        return scsi(to, rw(rng.choice((0x08, 0x28, 0x28, 0x28, 0x88, 0xA8)), lba, blocks, rng.choice((0, 0, 8, 0x10, 0xE0))),
                    read=length, lun=lun, attr=rng.choice((0, 1, 1, 2, 3, 4)))
    if kind < 8:
        imm = rng.choice((0, 0, length, min(512, length), min(8192, length), rng.randrange(length + 1)))
        return scsi(to, rw(rng.choice((0x0A, 0x2A, 0x2A, 0x8A, 0xAA, 0x2E)), lba, blocks, rng.choice((0, 0, 8, 0x10, 0xE0))),
                    write=length, imm=min(imm, 8192), lun=lun, attr=rng.choice((0, 1, 1, 2, 3, 4)))
    if kind == 8:
        cdb, ahs = long_cdb(rng.choice((9, 0x0B, 0x0B, 0x0D, 0x0C, 0x0A)), lba, blocks)
        if cdb[9] == 9:
            return scsi(to, cdb, read=length, lun=lun, ahs=ahs)
        return scsi(to, cdb, write=length, imm=rng.choice((0, min(length, 512))), lun=lun, ahs=ahs)
    if kind == 9:
        size = rng.choice((0, 4, 8, 36, 96, 252, 255, 512, 4096))
        cdb = rng.choice((bytes([0x12, 1, rng.choice((0, 0x80, 0x83, 0x86, 0xB0, 0xB1, 0xB2, 0xC0))]) + size.to_bytes(2, "big") + b"\0",
                          bytes([0x12, 0, 0]) + size.to_bytes(2, "big") + b"\0",
                          bytes([0x1A, 8, rng.choice((0x3F, 8, 10, 0x1C, 1)), 0, size & 255, 0]),
                          bytes([0x5A, 0, 0x3F, 0, 0, 0, 0]) + size.to_bytes(2, "big") + b"\0",
                          bytes([0x03, 0, 0, 0, size & 255, 0]),
                          bytes([0xA0, 0, rng.choice((0, 1, 2, 0x10))]) + bytes(3) + size.to_bytes(4, "big") + bytes(2),
                          bytes([0x9E, rng.choice((0x10, 0x12))]) + bytes(8) + size.to_bytes(4, "big") + bytes(2),
                          bytes([0x5E, rng.choice((0, 1, 2, 3))]) + bytes(5) + size.to_bytes(2, "big") + b"\0",
                          bytes([0xA3, rng.choice((0x0A, 0x0C, 0x0F)), rng.choice((0, 0x82)), 0x28, 0, 0]) + size.to_bytes(4, "big") + bytes(2),
                          bytes([0x84, rng.choice((0, 1, 3, 4))]) + bytes(8) + size.to_bytes(4, "big") + bytes(2),
                          bytes([0x25]) + bytes(9)))
        return scsi(to, cdb, read=size or 8, lun=lun)
    if kind == 10:
        cdb, data = pr_out(rng)
        return scsi(to, cdb, write=len(data), imm=len(data), data=data, lun=lun)
    if kind == 11:          # without data
        return scsi(to, rng.choice((bytes(6), bytes([0x35]) + bytes(9), bytes([0x91]) + bytes(15), bytes([0x16]) + bytes(5),
                                    bytes([0x17]) + bytes(5), bytes([0x1B, 0, 0, 0, 1, 0]), bytes([0x1E]) + bytes(5),
                                    rw(0x2F, lba, blocks), bytes([0x56]) + bytes(9), bytes([0x57]) + bytes(9),
                                    bytes([0x34]) + bytes(9))), lun=lun)
    if kind == 12:          # WRITE SAME, with and without UNMAP
        return scsi(to, rw(rng.choice((0x41, 0x93)), lba, min(blocks, 16), rng.choice((0, 8, 1, 9))), write=512,
                    imm=rng.choice((0, 512)), lun=lun)
    if kind == 13:          # UNMAP
        data = bytes([0, 22, 0, 16, 0, 0, 0, 0]) + lba.to_bytes(8, "big") + min(blocks, 16).to_bytes(4, "big") + bytes(4)
        return scsi(to, bytes([0x42]) + bytes(6) + bytes([0, rng.choice((24, 24, 8, 16, 40)), 0]), write=24, imm=24, data=data, lun=lun)
    if kind == 14:          # COMPARE AND WRITE
        return scsi(to, rw(0x89, lba, rng.choice((0, 1, 1, 2, 8))), write=rng.choice((1024, 1024, 512, 2048)), imm=rng.choice((0, 1024, 512)), lun=lun)
    if kind == 15:          # parameter lists
        opcode = rng.choice((0x15, 0x55, 0x83, 0x83, 0xA4, 0x1D, 0x3B))
        data = some_bytes(rng) or bytes(16)
        cdb = {0x15: bytes([opcode, 0x10, 0, 0, len(data) & 255, 0]),
               0x55: bytes([opcode, 0x10]) + bytes(5) + len(data).to_bytes(2, "big") + b"\0",
               0x83: bytes([opcode, rng.choice((0, 1, 0x10))]) + bytes(8) + len(data).to_bytes(4, "big") + bytes(2),
               0xA4: bytes([opcode, 0x0A]) + bytes(4) + len(data).to_bytes(4, "big") + bytes(2)}.get(
                   opcode, bytes([opcode]) + bytes(6) + len(data).to_bytes(2, "big") + b"\0")
        return scsi(to, cdb, write=len(data), imm=rng.choice((0, len(data))), data=data[:rng.choice((0, len(data)))], lun=lun)
    if kind == 16:          # both directions
        return scsi(to, bytes([0x53]) + bytes(6) + (1).to_bytes(2, "big") + b"\0", read=512, write=512, lun=lun,
                    ahs=bytes([0, 5, 2, 0, 0, 0, 2, 0]))
    return scsi(to, bytes(rng.getrandbits(8) for _ in range(16)), read=rng.choice((0, 512)), write=rng.choice((0, 512)), lun=lun)


def text_data(rng):
    keys = [(rng.choice(("SendTargets", "SendTargets", "InitiatorAlias", "MaxRecvDataSegmentLength", "X-a", "TargetName",
                         "MaxOutstandingUnexpectedPDUs", "RDMAExtensions")),
             rng.choice(("All", "", "iqn.2026-01.org.example:open", "512", "Yes", "x" * 200))) for _ in range(rng.choice((0, 1, 1, 1, 2, 4)))]
    data = P.encode_keys(keys)
    return data if rng.random() < 0.8 else data[:rng.randrange(len(data) + 1)]


def login_data(rng):
    keys = [("InitiatorName", "iqn.2026-01.org.example:fuzz"), ("TargetName", "iqn.2026-01.org.example:open"),
            ("SessionType", rng.choice(("Normal", "Discovery"))), ("AuthMethod", rng.choice(("None", "CHAP", "CHAP,None"))),
            ("RDMAExtensions", "Yes"), ("MaxBurstLength", str(number(rng, 4))), ("InitiatorRecvDataSegmentLength", str(number(rng, 3))),
            ("ImmediateData", rng.choice(("Yes", "No", "Maybe")))]
    return P.encode_keys(keys[:rng.choice((1, 2, 3, 8, 8))])


def fresh(rng, to):
    """A step with a PDU of some kind."""
    if to == NOT_LOGGED_IN and rng.random() < 0.8:
        return step(to, P.LoginRequest(login_data(rng), t=1, csg=rng.choice((0, 1)), nsg=rng.choice((1, 3)), isid=rng.getrandbits(8),
                                       itt=1, cmdsn=1), itt="raw", cmdsn=None)
    kind = rng.randrange(20)
    immediate = int(rng.random() < 0.5)
    if to == DISCOVERY and kind < 12:
        kind = 14
    if kind < 12:
        made = command(rng, to)
        if immediate and rng.random() < 0.2:
            made["bhs"] = f"{int(made['bhs'][:2], 16) | 0x40:02x}" + made["bhs"][2:]
        return made
    if kind == 12:
        return step(to, P.NopOut(some_bytes(rng, 200), immediate=immediate, ttt=rng.choice((P.NONE, P.NONE, 0, 5))),
                    ref=rng.choice(("raw", "raw", "last")), itt=rng.choice(("new", "new", "last")))
    if kind == 13:
        return step(to, P.TaskManagement(function=rng.choice((1, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 0)), immediate=immediate,
                                         lun=rng.choice(LUNS) << 48, ref_itt=P.NONE), ref=rng.choice(("raw", "last", "last")))
    if kind == 14:
        return step(to, P.TextRequest(text_data(rng), immediate=immediate, c=int(rng.random() < 0.2), final=int(rng.random() < 0.8)),
                    ref=rng.choice(("raw", "raw", "last")), itt=rng.choice(("new", "new", "last")))
    if kind == 15:
        return step(to, P.Logout(reason=rng.choice((0, 1, 2, 3, 127)), immediate=immediate, cid=rng.choice((0, 0, 1))))
    if kind == 16:
        return step(to, P.DataOut(some_bytes(rng), ttt=rng.choice((P.NONE, 0, 1)), offset=number(rng, 4)), itt=rng.choice(("new", "last")),
                    cmdsn=None)
    if kind == 17:
        return step(to, P.Snack(type=rng.choice((0, 1, 2, 3, 15)), begrun=number(rng, 4), runlen=number(rng, 4)), itt=rng.choice(("new", "last")),
                    cmdsn=None)
    if kind == 18:
        return step(to, P.LoginRequest(login_data(rng), t=1, csg=1, nsg=3))
    pdu = P.Pdu(some_bytes(rng))
    pdu.raw[0] = rng.getrandbits(8)
    made = step(to, pdu)
    if rng.random() < 0.5:
        made["iser"] = f"{rng.choice((0x20, 0x30, 0, 0xF0, 0x1F, 0x18, 0x14)):02x}" + made["iser"][2:]
    return made


# ---- mutation -------------------------------------------------------------------------------------

def flip(rng, data):
    data = bytearray(data)
    if not data:
        return bytes([rng.getrandbits(8)])
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data))
        data[at] = rng.choice((data[at] ^ 1 << rng.randrange(8), rng.getrandbits(8), 0, 0xFF, data[at] + 1 & 255))
    return bytes(data)


def set_field(rng, header):
    """Another value for a field of the header."""
    names = header.names()
    field = getattr(type(header), rng.choice(names))
    value = number(rng, field.size, field.mask)
    if rng.random() < 0.3:
        old = field.__get__(header)
        most = field.mask >> field.shift if field.mask else (1 << 8 * field.size) - 1
        value = max(0, min(most, old + rng.choice((-1, 1, 4, -4, 512))))
    field.__set__(header, value)


def some_ahs(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return b""
    if kind == 1:
        return P.ext_cdb_ahs(bytes(rng.choice((1, 15, 16, 17, 100, 244))))
    if kind == 2:
        return bytes([0, 5, 2, 0]) + number(rng, 4).to_bytes(4, "big")
    if kind == 3:
        return P.ext_cdb_ahs(bytes(16)) * 2
    if kind == 4:
        return number(rng, 2).to_bytes(2, "big") + bytes([rng.choice((0, 1, 2, 3, 0x3F, 0xC1))]) + bytes(rng.choice((1, 5, 17, 253, 1017)))
    return bytes(rng.getrandbits(8) for _ in range(rng.choice((4, 8, 12))))


def tweak(rng, s):
    """Change one thing of a step with a PDU."""
    s = dict(s)
    kind = rng.randrange(15)
    header = CLASSES.get(int(s["bhs"][:2], 16) & 0x3F, P.Pdu)()
    header.raw[:] = bytes.fromhex(s["bhs"])
    if kind < 3:
        set_field(rng, header)
    elif kind == 3:
        header.raw[:] = flip(rng, header.raw)
    elif kind == 4:
        iser = P.IserHeader()
        iser.raw[:] = bytes.fromhex(s["iser"])
        if rng.random() < 0.7:
            set_field(rng, iser)
        else:
            iser.raw[:] = flip(rng, iser.raw)
        s["iser"] = bytes(iser.raw).hex()
    elif kind == 5:
        data = unpack(s["data"])
        how = rng.randrange(4)
        if how == 0:
            data = flip(rng, data)
        elif how == 1:
            data = data[:rng.randrange(len(data) + 1)]
        elif how == 2:
            data = data + some_bytes(rng)
        else:
            data = bytes([rng.getrandbits(8)]) * min(number(rng, 2), MOST)
        s["data"] = pack(data)
        header.dlen = len(data)
    elif kind == 6:
        header.dlen = number(rng, 3)
    elif kind == 7:
        s["ahs"] = some_ahs(rng).hex()
        header.ahslen = len(s["ahs"]) // 8 & 255 if rng.random() < 0.8 else rng.getrandbits(8)
    elif kind == 8 and header.opcode == P.ScsiCommand.OPCODE:
        header.raw[32:48] = flip(rng, header.raw[32:48])
    elif kind == 9:
        s["cmdsn"] = rng.choice((None, 0, -1, 1, 1, 2, 5, 31, 64, 127, 1000, -1000, 1 << 31))
    elif kind == 10:
        s["itt"] = rng.choice(("new", "last", "raw"))
        s["ref"] = rng.choice(("raw", "last"))
    elif kind == 11:
        s[rng.choice("rw")] = rng.choice(("good", "wrong", "other", "raw"))
    elif kind == 12:
        s["cut"] = rng.choice((None, 0, 1, 27, 28, 29, 48, 75, 76, 77, 80, 100, 332, 1000, 8268, 8269, 9000))
    elif kind == 13:
        header.lun = rng.choice(LUNS) << 48
    else:
        s["to"] = rng.randrange(SLOTS)
    s["bhs"] = bytes(header.raw).hex()
    return s


def other_step(rng, to):
    return {"to": to, "do": rng.choice(("close", "break", "open", "again", "again", "wait"))}


def some_step(rng, to):
    return other_step(rng, to) if rng.random() < 0.06 else fresh(rng, to)


def mutate(rng, steps, pool):
    steps = [dict(s) for s in steps]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        kind = rng.randrange(12)
        at = rng.randrange(len(steps)) if steps else 0
        if not steps or kind == 0:
            steps.insert(at, some_step(rng, rng.randrange(SLOTS)))
        elif kind == 1 and len(steps) > 1:
            del steps[at]
        elif kind == 2:
            steps[at:at] = [dict(steps[at]) for _ in range(rng.choice((1, 1, 2, 4, 16)))]
        elif kind == 3:
            rng.shuffle(steps)
        elif kind == 4:
            other = rng.choice(pool)
            cut = rng.randrange(len(other)) if other else 0
            steps[at:at] = [dict(s) for s in other[cut:cut + 8]]
        elif kind == 5:
            slot = rng.randrange(SLOTS)
            for s in steps:
                s["to"] = slot
        elif kind == 6:
            steps[at]["to"] = rng.randrange(SLOTS)
        elif kind == 7 and rng.random() < 0.4:
            steps.insert(at, other_step(rng, steps[at]["to"]))
        elif steps[at]["do"] == "pdu":
            steps[at] = tweak(rng, steps[at])
    return steps[:48]


def generate(rng):
    slots = rng.sample(range(SLOTS), rng.choice((1, 1, 2, 3)))
    return [some_step(rng, rng.choice(slots)) for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 24)))]


def chosen(seed, n, corpus, kept):
    """Execution n: the corpus in order, then random inputs. It depends on nothing but the arguments."""
    import random
    if n < len(corpus):
        return corpus[n]
    rng = random.Random(f"{seed} {n}")
    if rng.random() < 0.2:
        return generate(rng)
    pool = corpus + kept
    base = rng.choice(kept[-50:]) if kept and rng.random() < 0.4 else rng.choice(pool)
    return mutate(rng, base, pool)
