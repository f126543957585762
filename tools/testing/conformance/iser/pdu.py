# SPDX-License-Identifier: GPL-2.0
"""iSER headers and iSCSI PDUs, field by field.

A PDU is 48 raw header bytes with named fields, followed by any AHS and data. The constructor sets the
length fields to the actual lengths, but they can be changed afterwards: set `dlen` or `ahslen` to build
a PDU with a wrong length.
"""

NONE = 0xFFFFFFFF       # the reserved task tag


class Field:
    """A big-endian number at a byte offset or, with a mask, bits of one byte."""

    def __init__(self, offset, size=1, mask=0):
        self.offset, self.size, self.mask = offset, size, mask
        self.shift = (mask & -mask).bit_length() - 1 if mask else 0

    def __get__(self, pdu, _owner=None):
        if pdu is None:
            return self
        value = int.from_bytes(pdu.raw[self.offset:self.offset + self.size], "big")
        return (value & self.mask) >> self.shift if self.mask else value

    def __set__(self, pdu, value):
        value = int(value)
        if self.mask:
            if value << self.shift & ~self.mask:
                raise ValueError(f"{value:#x} does not fit its field")
            value = pdu.raw[self.offset] & ~self.mask | value << self.shift
        pdu.raw[self.offset:self.offset + self.size] = value.to_bytes(self.size, "big")


def bit(offset, mask):
    return Field(offset, 1, mask)


def u8(offset):
    return Field(offset, 1)


def u16(offset):
    return Field(offset, 2)


def u32(offset):
    return Field(offset, 4)


def u64(offset):
    return Field(offset, 8)


class _Header:
    LENGTH = 0

    def __init__(self, **fields):
        self.raw = bytearray(self.LENGTH)
        for name, value in fields.items():
            self._set(name, value)

    def _set(self, name, value):
        if not isinstance(getattr(type(self), name, None), (Field, property)):
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        setattr(self, name, value)

    @classmethod
    def names(cls):
        return [n for c in reversed(cls.__mro__) for n, f in vars(c).items() if isinstance(f, Field)]

    def __repr__(self):
        shown = " ".join(f"{n}={getattr(self, n):#x}" for n in self.names() if getattr(self, n))
        return f"{type(self).__name__}({shown})"


class IserHeader(_Header):
    """RFC 7145 section 9.2."""
    LENGTH = 28
    CONTROL, HELLO, HELLO_REPLY = 1, 2, 3
    opcode = bit(0, 0xF0)
    wsv = bit(0, 0x08)
    rsv = bit(0, 0x04)
    write_stag, write_va = u32(4), u64(8)
    read_stag, read_va = u32(16), u64(20)

    def __init__(self, **fields):
        super().__init__(**{"opcode": self.CONTROL, **fields})


class IserHello(_Header):
    """RFC 7145 section 9.3; the reply of 9.4 has the same shape."""
    LENGTH = 28
    opcode = bit(0, 0xF0)
    rej = bit(0, 0x01)
    maxver, minver = bit(1, 0xF0), bit(1, 0x0F)
    ird = u16(2)

    def __init__(self, **fields):
        super().__init__(**{"opcode": IserHeader.HELLO, "maxver": 10, "minver": 10, **fields})


class Pdu(_Header):
    """RFC 7143 section 11.2: the fields common to all PDUs. Also used for PDUs without a class of their own."""
    LENGTH = 48
    OPCODE = None
    FINAL = False       # set the F bit, as every sender does

    immediate = bit(0, 0x40)
    opcode = bit(0, 0x3F)
    final = bit(1, 0x80)
    ahslen = u8(4)      # in words of four bytes
    dlen = Field(5, 3)
    lun = u64(8)
    itt = u32(16)

    def __init__(self, data=b"", ahs=b"", **fields):
        self.data, self.ahs = bytes(data), bytes(ahs)
        super().__init__()
        self.opcode = self.OPCODE or 0
        self.final = self.FINAL
        self.dlen, self.ahslen = len(self.data), len(self.ahs) // 4
        for name, value in fields.items():
            self._set(name, value)

    def encode(self, pad=True):
        fill = -len(self.data) % 4 if pad else 0
        return bytes(self.raw) + self.ahs + self.data + bytes(fill)

    @property
    def keys(self):
        return decode_keys(self.data)


class NopOut(Pdu):
    OPCODE, FINAL = 0x00, True
    ttt, cmdsn, expstatsn = u32(20), u32(24), u32(28)


class ScsiCommand(Pdu):
    OPCODE, FINAL = 0x01, True
    r, w, attr = bit(1, 0x40), bit(1, 0x20), bit(1, 0x07)
    edtl, cmdsn, expstatsn = u32(20), u32(24), u32(28)

    @property
    def cdb(self):
        return bytes(self.raw[32:48])

    @cdb.setter
    def cdb(self, cdb):
        self.raw[32:48] = bytes(cdb[:16]).ljust(16, b"\0")


class TaskManagement(Pdu):
    OPCODE, FINAL = 0x02, True
    ABORT_TASK, ABORT_TASK_SET, CLEAR_ACA, CLEAR_TASK_SET, LUN_RESET = 1, 2, 3, 4, 5
    WARM_RESET, COLD_RESET, REASSIGN = 6, 7, 8
    function = bit(1, 0x7F)
    ref_itt, cmdsn, expstatsn, ref_cmdsn, exp_datasn = u32(20), u32(24), u32(28), u32(32), u32(36)


class LoginRequest(Pdu):
    OPCODE = 0x03
    t, c, csg, nsg = bit(1, 0x80), bit(1, 0x40), bit(1, 0x0C), bit(1, 0x03)
    version_max, version_min = u8(2), u8(3)
    isid, tsih, cid = Field(8, 6), u16(14), u16(20)
    cmdsn, expstatsn = u32(24), u32(28)

    def __init__(self, data=b"", **fields):
        super().__init__(data, **{"immediate": 1, **fields})


class TextRequest(Pdu):
    OPCODE, FINAL = 0x04, True
    c = bit(1, 0x40)
    ttt, cmdsn, expstatsn = u32(20), u32(24), u32(28)

    def __init__(self, data=b"", **fields):
        super().__init__(data, **{"ttt": NONE, **fields})


class DataOut(Pdu):
    OPCODE, FINAL = 0x05, True
    ttt, expstatsn, datasn, offset = u32(20), u32(28), u32(36), u32(40)


class Logout(Pdu):
    OPCODE, FINAL = 0x06, True
    CLOSE_SESSION, CLOSE_CONNECTION, RECOVERY = 0, 1, 2
    reason = bit(1, 0x7F)
    cid, cmdsn, expstatsn = u16(20), u32(24), u32(28)


class Snack(Pdu):
    OPCODE, FINAL = 0x10, True
    type = bit(1, 0x0F)
    ttt, expstatsn, begrun, runlen = u32(20), u32(28), u32(40), u32(44)


class _Answer(Pdu):
    """A PDU of the target: all of them have these three fields at the same offsets."""
    statsn, expcmdsn, maxcmdsn = u32(24), u32(28), u32(32)


class NopIn(_Answer):
    OPCODE = 0x20
    ttt = u32(20)


class ScsiResponse(_Answer):
    OPCODE = 0x21
    bidi_overflow, bidi_underflow = bit(1, 0x10), bit(1, 0x08)
    overflow, underflow = bit(1, 0x04), bit(1, 0x02)
    response, status = u8(2), u8(3)
    exp_datasn, bidi_residual, residual = u32(36), u32(40), u32(44)

    @property
    def sense(self):
        """RFC 7143 section 11.4.7: two bytes of length, then the sense data."""
        n = int.from_bytes(self.data[:2], "big")
        return self.data[2:2 + n]

    @property
    def sense_code(self):
        """(key, asc, ascq) of fixed or descriptor sense; None without sense."""
        s = self.sense
        if len(s) < 4:
            return None
        if s[0] & 0x7F in (0x72, 0x73):
            return s[1] & 0xF, s[2], s[3]
        return (s[2] & 0xF, s[12], s[13]) if len(s) >= 14 else None


class TaskManagementResponse(_Answer):
    OPCODE = 0x22
    COMPLETE, NO_TASK, NO_LUN, ALLEGIANT, NO_REASSIGN, NOT_SUPPORTED, NOT_AUTHORIZED = range(7)
    REJECTED = 255
    response = u8(2)


class LoginResponse(_Answer):
    OPCODE = 0x23
    t, c, csg, nsg = bit(1, 0x80), bit(1, 0x40), bit(1, 0x0C), bit(1, 0x03)
    version_max, version_active = u8(2), u8(3)
    isid, tsih = Field(8, 6), u16(14)
    status = u16(36)    # class and detail


class TextResponse(_Answer):
    OPCODE = 0x24
    c = bit(1, 0x40)
    ttt = u32(20)


class DataIn(_Answer):
    OPCODE = 0x25


class LogoutResponse(_Answer):
    OPCODE = 0x26
    response = u8(2)
    time2wait, time2retain = u16(40), u16(42)


class R2t(_Answer):
    OPCODE = 0x31


class Async(_Answer):
    OPCODE = 0x32
    event, vcode, p1, p2, p3 = u8(36), u8(37), u16(38), u16(40), u16(42)


class Reject(_Answer):
    OPCODE = 0x3F
    PROTOCOL_ERROR, NOT_SUPPORTED, TOO_MANY_IMMEDIATE, TASK_IN_PROGRESS, INVALID_FIELD, OUT_OF_RESOURCES = 4, 5, 6, 7, 9, 10
    reason, datasn = u8(2), u32(36)


_ANSWERS = {c.OPCODE: c for c in _Answer.__subclasses__()}


class Malformed(Exception):
    """The lengths in a message of the target do not match its size."""


def decode(message):
    """Parse one message of the target: (IserHeader, Pdu)."""
    iser, length = IserHeader(), len(message)
    iser.raw[:] = message[:28].ljust(28, b"\0")
    if iser.opcode == IserHeader.HELLO_REPLY:
        reply = IserHello()
        reply.raw[:] = iser.raw
        return reply, None
    if length < 76:
        raise Malformed(f"{length} bytes are no iSER control message")
    pdu = _ANSWERS.get(message[28] & 0x3F, _Answer)()
    pdu.raw[:] = message[28:76]
    start = 76 + 4 * pdu.ahslen
    end = start + pdu.dlen
    if not end <= length <= end + (-pdu.dlen % 4):
        raise Malformed(f"{type(pdu).__name__} says {pdu.ahslen} words of AHS and {pdu.dlen} bytes "
                        f"of data in a message of {length} bytes")
    pdu.ahs, pdu.data = message[76:start], message[start:end]
    return iser, pdu


def encode_keys(keys):
    """Key=value text from a dict, or from a list of pairs where order or repetition matters."""
    pairs = keys.items() if isinstance(keys, dict) else keys
    return b"".join(f"{k}={v}".encode() + b"\0" for k, v in pairs)


def key_list(data):
    return [tuple(p.decode("utf-8", "replace").split("=", 1)) for p in data.split(b"\0") if b"=" in p]


def decode_keys(data):
    return dict(key_list(data))


def ext_cdb_ahs(rest):
    """RFC 7143 section 11.2.2.3: the CDB bytes after the sixteenth."""
    body = (len(rest) + 1).to_bytes(2, "big") + b"\x01\x00" + bytes(rest)
    return body + bytes(-len(body) % 4)
