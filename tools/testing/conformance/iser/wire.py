# SPDX-License-Identifier: GPL-2.0
"""The RDMA connection of ../wire.c, as Python objects. Every wait has a deadline."""

import ctypes as C
import errno
import os

_LIB = os.path.join(os.path.dirname(__file__), "..", "libiserwire.so")

GUARD = 4096            # bytes on either side of every window
FILL = 0x69             # initial content of the guards and of a window


class WireError(Exception):
    """A local failure, or one that no rule covers."""


class Timeout(WireError):
    """The peer did nothing until the deadline."""


class Closed(WireError):
    """The peer has disconnected."""


class Refused(WireError):
    """The peer rejected the connect request."""


class _Wc(C.Structure):
    _fields_ = [(n, C.c_uint32) for n in
                ("status", "opcode", "byte_len", "vendor_err", "invalidated", "rkey")]


def _load():
    try:
        lib = C.CDLL(os.path.abspath(_LIB))
    except OSError as e:
        raise SystemExit(f"{e}\nbuild it with: make -C tools/testing/conformance "
                         "(needs librdmacm-dev, libibverbs-dev)")
    ptr, u32, i = C.c_void_p, C.c_uint32, C.c_int
    for name, result, *args in (
            ("wire_open", i, C.POINTER(ptr), C.c_char_p, C.c_char_p, u32, u32, u32, u32, i),
            ("wire_close", None, ptr),
            ("wire_connect", i, ptr, C.c_char_p, i, i, i, i, i, i),
            ("wire_disconnect", i, ptr),
            ("wire_break", i, ptr),
            ("wire_await_disconnected", i, ptr, i),
            ("wire_private_data", i, ptr, C.c_char_p, i),
            ("wire_depths", None, ptr, C.POINTER(i), C.POINTER(i)),
            ("wire_last_event", C.c_char_p, ptr, C.POINTER(i)),
            ("wire_device", C.c_char_p, ptr),
            ("wire_is_iwarp", i, ptr),
            ("wire_status_str", C.c_char_p, u32),
            ("wire_post_recv", i, ptr, u32),
            ("wire_send", i, ptr, C.POINTER(C.c_char_p), C.POINTER(u32), i, i, C.POINTER(_Wc)),
            ("wire_trespass", i, ptr),
            ("wire_recv", i, ptr, C.c_char_p, u32, i, C.POINTER(_Wc)),
            ("wire_window", i, C.POINTER(ptr), ptr, C.c_size_t, C.c_size_t, i, i, i, i),
            ("wire_window_free", None, ptr),
            ("wire_window_mem", ptr, ptr),
            ("wire_window_rkey", u32, ptr),
            ("wire_window_guards_broken", i, ptr, C.POINTER(C.c_int64))):
        fn = getattr(lib, name)
        fn.restype, fn.argtypes = result, args
    return lib


lib = _load()


class Message:
    """One received message: its bytes, and the key its sender invalidated, if any."""

    def __init__(self, data, invalidated):
        self.data, self.invalidated = data, invalidated


class Window:
    """Memory the target may read and write by RDMA, between two guards."""

    def __init__(self, wire, length, readable, writable, invalidatable):
        self.len, self._h = length, C.c_void_p()
        wire._check(lib.wire_window(C.byref(self._h), wire._h, length, GUARD, readable,
                                    writable, invalidatable, wire.patience), "register memory")
        self.va = lib.wire_window_mem(self._h)
        self.rkey = lib.wire_window_rkey(self._h)

    def read(self, offset=0, length=None):
        return C.string_at(self.va + offset, self.len - offset if length is None else length)

    def write(self, data, offset=0):
        assert offset + len(data) <= self.len
        C.memmove(self.va + offset, data, len(data))

    def touched_outside(self):
        """Offset of the first guard byte the target has modified, else None."""
        where = C.c_int64()
        return where.value if lib.wire_window_guards_broken(self._h, C.byref(where)) else None

    def free(self):
        if self._h:
            lib.wire_window_free(self._h)
            self._h = None


class Wire:
    def __init__(self, host, port, recv_size=76 + 8192, recvs=160, send_size=76 + 65536,
                 sends=160, patience=5000):
        """Resolve the target and create a queue pair; `patience` is the default deadline in ms of
        all calls without one of their own."""
        self.patience, self.recv_size, self._h, self._windows = patience, recv_size, C.c_void_p(), []
        err = lib.wire_open(C.byref(self._h), host.encode(), str(port).encode(), recv_size, recvs,
                            send_size, sends, patience)
        if err:
            raise WireError(f"no RDMA path to {host}:{port}: {os.strerror(-err)}")
        self._buf = C.create_string_buffer(recv_size)

    def _check(self, err, what, wc=None):
        if err >= 0:
            return err
        text = f"{what}: {os.strerror(-err)}"
        if -err == errno.EIO and wc is not None:
            text = f"{what}: {lib.wire_status_str(wc.status).decode()} (vendor {wc.vendor_err:#x})"
        raise {errno.ETIMEDOUT: Timeout, errno.ENOTCONN: Closed,
               errno.ECONNREFUSED: Refused}.get(-err, WireError)(text)

    def connect(self, private_data=b"", responder_resources=4, initiator_depth=1, retry=7,
                rnr_retry=6, ms=None):
        err = lib.wire_connect(self._h, private_data, len(private_data), responder_resources,
                               initiator_depth, retry, rnr_retry, ms or self.patience)
        status = C.c_int()
        event = lib.wire_last_event(self._h, C.byref(status)).decode()
        self._check(err, f"connect ({event}, status {status.value})")

    @property
    def private_data(self):
        """The private data of the reply. InfiniBand and RoCE pad it with zeros to 196 bytes."""
        buf = C.create_string_buffer(256)
        length = lib.wire_private_data(self._h, buf, 256)
        return buf.raw[:length]

    @property
    def depths(self):
        """(responder_resources, initiator_depth) of the target's reply, from the initiator's side."""
        a, b = C.c_int(), C.c_int()
        lib.wire_depths(self._h, C.byref(a), C.byref(b))
        return a.value, b.value

    @property
    def is_iwarp(self):
        return bool(lib.wire_is_iwarp(self._h))

    @property
    def device(self):
        return lib.wire_device(self._h).decode()

    def post_recv(self, length=None, count=1):
        for _ in range(count):
            self._check(lib.wire_post_recv(self._h, length or self.recv_size), "post a receive")

    def send(self, *parts, wait=True, ms=None):
        """One SEND of all parts, each in its own SGE. Without parts, an empty SEND."""
        parts = [bytes(p) for p in parts]
        wc, n = _Wc(), len(parts)
        self._check(lib.wire_send(self._h, (C.c_char_p * n)(*parts),
                                  (C.c_uint32 * n)(*map(len, parts)), n,
                                  (ms or self.patience) if wait else 0, C.byref(wc)), "send", wc)

    def recv(self, ms=None):
        wc = _Wc()
        n = self._check(lib.wire_recv(self._h, self._buf, self.recv_size,
                                      self.patience if ms is None else ms, C.byref(wc)),
                        "receive", wc)
        return Message(self._buf.raw[:n], wc.rkey if wc.invalidated else None)

    def window(self, length, readable=True, writable=True, invalidatable=False):
        win = Window(self, length, readable, writable, invalidatable)
        self._windows.append(win)
        return win

    def disconnect(self):
        self._check(lib.wire_disconnect(self._h), "disconnect")

    def break_qp(self):
        self._check(lib.wire_break(self._h), "break the queue pair")

    def trespass(self):
        self._check(lib.wire_trespass(self._h), "write into the target's memory")

    def await_disconnected(self, ms=None):
        self._check(lib.wire_await_disconnected(self._h, self.patience if ms is None else ms),
                    "wait for the target to disconnect")

    def close(self):
        """Free all resources at once, without a logout. The CM then disconnects."""
        if self._h:
            try:
                lib.wire_disconnect(self._h)
            finally:
                for win in self._windows:
                    win.free()
                lib.wire_close(self._h)
                self._h = None
