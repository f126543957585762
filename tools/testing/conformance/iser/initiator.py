# SPDX-License-Identifier: GPL-2.0
"""An iSER initiator that conforms unless told otherwise.

A Session is one connection. By default it behaves as ib_iser and libiscsi do. Each step is also available
separately, with every field settable, for rules that need something else.
"""

import os
import time

from . import pdu as P
from .wire import FILL, Timeout, Wire, WireError

# Flags of the iSER CM header (InfiniBand annex A12)
NO_ZBVA, NO_INVALIDATE = 0x80, 0x40

SECURITY, OPERATIONAL, FULL_FEATURE = 0, 1, 3

LOGIN_BUFFER = 76 + 8192
FFP_BUFFER = 76 + 128           # the receive buffer size of ib_iser and libiscsi after login

# What open-iscsi 2.1 sends in the operational stage of a normal session over iSER, in its order
OPEN_ISCSI_KEYS = {
    "DefaultTime2Wait": 2, "DefaultTime2Retain": 0, "IFMarker": "No", "OFMarker": "No",
    "ErrorRecoveryLevel": 0, "InitialR2T": "No", "ImmediateData": "Yes",
    "MaxBurstLength": 16776192, "FirstBurstLength": 262144, "MaxOutstandingR2T": 1,
    "MaxConnections": 1, "DataPDUInOrder": "Yes", "DataSequenceInOrder": "Yes",
    "InitiatorRecvDataSegmentLength": 262144, "TargetRecvDataSegmentLength": 8192,
    "RDMAExtensions": "Yes"}

# The same for libiscsi 1.19
LIBISCSI_KEYS = {
    "HeaderDigest": "None", "DataDigest": "None", "InitialR2T": "No", "ImmediateData": "Yes",
    "MaxBurstLength": 262144, "FirstBurstLength": 262144, "InitiatorRecvDataSegmentLength": 8192,
    "TargetRecvDataSegmentLength": 8192, "RDMAExtensions": "Yes", "DataPDUInOrder": "Yes",
    "DataSequenceInOrder": "Yes", "DefaultTime2Wait": 2, "DefaultTime2Retain": 0, "IFMarker": "No",
    "OFMarker": "No", "MaxConnections": 1, "MaxOutstandingR2T": 1, "ErrorRecoveryLevel": 0}

# What open-iscsi negotiates in a discovery session, which has no RDMA keys
DISCOVERY_KEYS = {
    "HeaderDigest": "None", "DataDigest": "None", "DefaultTime2Wait": 2, "DefaultTime2Retain": 0,
    "IFMarker": "No", "OFMarker": "No", "ErrorRecoveryLevel": 0,
    "MaxRecvDataSegmentLength": 8192}


class Unexpected(Exception):
    """The target gave an answer it must not give."""


class LoginRefused(Unexpected):
    def __init__(self, response):
        super().__init__(f"login refused with status {response.status:04x}")
        self.response, self.status = response, response.status


class Command:
    """A SCSI command in progress, later its result."""

    def __init__(self, request, window, skip, edtl):
        self.request, self.window, self._skip, self.edtl = request, window, skip, edtl
        self.response = self.invalidated = None

    @property
    def status(self):
        return self.response.status

    @property
    def residual(self):
        """The residual count: negative for underflow, positive for overflow."""
        r = self.response
        return r.residual * (r.overflow - r.underflow)

    @property
    def data(self):
        return self.window.read(self._skip)

    def free(self):
        """Free the buffer before the connection ends."""
        if self.window:
            self.window.free()
            self.window = None

    def stray_write(self):
        """Offset of a byte the target wrote outside the advertised buffer, else None."""
        if not self.window:
            return None
        if self.window.read(0, self._skip) != bytes([FILL]) * self._skip:
            return -1
        return self.window.touched_outside()


class Session:
    def __init__(self, target, initiator=None, isid=None, private_data=bytes([NO_ZBVA | NO_INVALIDATE, 0, 0, 0]),
                 connect=True, cmdsn=1, wire=None, **connect_args):
        self.target, self.name = target, initiator or target.initiator
        self.isid = isid or int.from_bytes(b"\x80" + os.urandom(5), "big")
        self.cmdsn, self.expstatsn, self.maxcmdsn = cmdsn, 0, cmdsn
        self.tsih, self.itt = 0, 0x1000
        self.negotiated = {}
        self.logins = []        # all Login Responses
        self.seen = []          # all PDUs after login, as received
        self.inbox = []         # received while waiting for another PDU
        self.discovery = False
        self.wire = Wire(target.host, target.port, patience=target.ms(5000), **(wire or {}))
        if connect:
            try:
                self.wire.connect(private_data, **connect_args)
            except WireError:
                # the caller gets no reference to close it with
                self.wire.close()
                raise

    def close(self):
        self.wire.close()

    # ---- login --------------------------------------------------------------------------------

    def names(self, discovery=False):
        keys = {"InitiatorName": self.name, "SessionType": "Discovery" if discovery else "Normal"}
        if not discovery:
            keys["TargetName"] = self.target.iqn
        return keys

    def login_request(self, keys=(), csg=OPERATIONAL, nsg=FULL_FEATURE, t=1, c=0, data=None, **fields):
        """A Login Request of this session; `data` replaces the keys, for malformed text."""
        return P.LoginRequest(P.encode_keys(keys) if data is None else data, **{
            "t": t, "c": c, "csg": csg, "nsg": nsg if t else 0, "isid": self.isid, "itt": self.itt,
            "tsih": self.tsih, "cid": 0, "cmdsn": self.cmdsn, "expstatsn": self.expstatsn, **fields})

    def send_login(self, request, pad=True):
        self.wire.post_recv(LOGIN_BUFFER)
        self.wire.send(P.IserHeader().raw + request.encode(pad))

    def recv_login(self, ms=None):
        response = P.decode(self.wire.recv(ms).data)[1]
        if not isinstance(response, P.LoginResponse):
            raise Unexpected(f"a Login Request was answered with {response}")
        if response.status == 0:
            self.expstatsn = response.statsn + 1 & P.NONE
        self.logins.append(response)
        return response

    def exchange(self, request, pad=True, ms=None):
        """Send one Login Request, return its Login Response, whatever the status."""
        self.send_login(request, pad)
        return self.recv_login(ms)

    def negotiate(self, request, pad=True):
        """The same for a login that must succeed: raises when refused, records the answered keys."""
        response = self.exchange(request, pad)
        if response.status:
            raise LoginRefused(response)
        while response.c:
            part, response = response, self.exchange(self.login_request(t=0, csg=request.csg))
            response.data = part.data + response.data
        self.negotiated.update(response.keys)
        return response

    def login(self, keys=None, discovery=False, security=True, credits=64):
        """Log in to full feature phase with these operational keys; returns the negotiated ones."""
        if keys is None:
            keys = DISCOVERY_KEYS if discovery else OPEN_ISCSI_KEYS
        names = self.names(discovery)
        if security:
            r = self.negotiate(self.login_request({**names, "AuthMethod": "None"}, SECURITY, OPERATIONAL))
            for _ in range(8):
                if r.t:
                    break
                r = self.negotiate(self.login_request((), SECURITY, OPERATIONAL))
            names = {}
        r = self.negotiate(self.login_request({**names, **keys}))
        for _ in range(8):
            if r.t:
                break
            r = self.negotiate(self.login_request())
        if not (r.t and r.nsg == FULL_FEATURE):
            raise Unexpected(f"login does not end: {r}")
        self.enter_full_feature(r, discovery, credits)
        return self.negotiated

    def enter_full_feature(self, response, discovery=False, credits=64):
        self.tsih, self.maxcmdsn, self.discovery = response.tsih, response.maxcmdsn, discovery
        if not discovery:               # a discovery session posts one buffer for each request
            self.wire.post_recv(FFP_BUFFER, credits)

    # ---- full feature phase -------------------------------------------------------------------

    def next_itt(self):
        self.itt += 1
        return self.itt

    def send(self, pdu, iser=None, cmdsn=None, pad=False, wait=False, number=True):
        """Set CmdSN of a PDU and send it; an explicit `cmdsn` does not advance the counter."""
        if number:
            if not pdu.itt:
                pdu.itt = self.next_itt()
            if hasattr(pdu, "expstatsn"):
                pdu.expstatsn = self.expstatsn
            if hasattr(pdu, "cmdsn"):
                pdu.cmdsn = self.cmdsn if cmdsn is None else cmdsn & P.NONE
                if cmdsn is None and not pdu.immediate:
                    self.cmdsn = self.cmdsn + 1 & P.NONE
        if self.discovery:
            self.wire.post_recv(LOGIN_BUFFER)
        header = bytes((iser or P.IserHeader()).raw)
        body = pdu.encode(pad)
        head = 48 + len(pdu.ahs)
        parts = [header + body[:head]] + ([body[head:]] if body[head:] else [])
        self.wire.send(*parts, wait=wait)
        return pdu.itt

    def recv(self, ms=None):
        """The next PDU. Pings of the target are answered and not returned."""
        deadline = time.monotonic() + (self.wire.patience if ms is None else ms) / 1000
        while True:
            message = self.wire.recv(max(0, int((deadline - time.monotonic()) * 1000)))
            if not self.discovery:
                self.wire.post_recv(FFP_BUFFER)
            pdu = P.decode(message.data)[1]
            pdu.invalidated = message.invalidated
            self.seen.append(pdu)
            if pdu.itt != P.NONE or isinstance(pdu, (P.Reject, P.Async)):
                self.expstatsn = pdu.statsn + 1 & P.NONE
            self.maxcmdsn = pdu.maxcmdsn
            if isinstance(pdu, P.NopIn) and pdu.itt == P.NONE:
                if pdu.ttt != P.NONE:
                    self.send(P.NopOut(immediate=1, itt=P.NONE, ttt=pdu.ttt, lun=pdu.lun))
                continue
            return pdu

    @staticmethod
    def _answers(pdu, itt):
        if isinstance(pdu, P.Reject):
            return pdu.data[16:20] == itt.to_bytes(4, "big")
        return pdu.itt == itt

    def answer(self, itt, ms=None):
        """The answer to this task: its response, or the Reject of its request."""
        for pdu in self.inbox:
            if self._answers(pdu, itt):
                self.inbox.remove(pdu)
                return pdu
        deadline = time.monotonic() + (self.wire.patience if ms is None else ms) / 1000
        while True:
            pdu = self.recv(max(0, int((deadline - time.monotonic()) * 1000)))
            if self._answers(pdu, itt):
                return pdu
            self.inbox.append(pdu)

    def ask(self, pdu, want=None, ms=None, **how):
        """Send and wait for the answer; with `want`, it must be of that class."""
        got = self.answer(self.send(pdu, **how), ms)
        if want and not isinstance(got, want):
            raise Unexpected(f"{type(pdu).__name__} was answered with {got}")
        return got

    def silent(self, ms=300):
        """Check that no PDU arrives for this long."""
        if self.inbox:
            raise Unexpected(f"an answer nobody waits for: {self.inbox[0]}")
        try:
            got = self.recv(self.target.ms(ms))
        except Timeout:
            return
        raise Unexpected(f"an answer where silence is due: {got}")

    def nop(self, data=b"", **fields):
        return self.ask(P.NopOut(data, **{"immediate": 1, "ttt": P.NONE, **fields}), P.NopIn)

    def tmf(self, function, lun=None, ref_itt=P.NONE, immediate=1, **fields):
        return self.ask(P.TaskManagement(function=function, lun=self._lun(lun), ref_itt=ref_itt,
                                         immediate=immediate, **fields))

    def logout(self, reason=P.Logout.CLOSE_SESSION, cid=0, immediate=0):
        return self.ask(P.Logout(reason=reason, cid=cid, immediate=immediate))

    def text(self, keys):
        """A complete text exchange, with continuations: list of (key, value)."""
        request = P.TextRequest(P.encode_keys(keys))
        response, data = self.ask(request, P.TextResponse), b""
        for _ in range(1000):
            data += response.data
            if response.final:
                return P.key_list(data)
            more = P.TextRequest(ttt=response.ttt, lun=response.lun, itt=request.itt)
            response = self.ask(more, P.TextResponse)
        raise Unexpected("a text response without end")

    # ---- SCSI ---------------------------------------------------------------------------------

    def _lun(self, lun):
        return (self.target.lun if lun is None else lun) << 48

    def start(self, cdb, read=0, write=b"", imm=0, edtl=None, lun=None, skip=0, immediate=0,
              invalidatable=False, ahs=b"", tag_anyway=False, pad=False, cmdsn=None, **fields):
        """Send a SCSI command: `read` bytes of buffer, or `write` data of which the first `imm`
        bytes go with the command; `skip` puts the buffer at an odd address."""
        iser, window = P.IserHeader(), None
        length = read or len(write)
        if length and (read or imm < length or tag_anyway):
            window = self.wire.window(length + skip, not read, bool(read), invalidatable)
            if write:
                window.write(write, skip)
        if read:
            iser.rsv, iser.read_stag, iser.read_va = 1, window.rkey, window.va + skip
        elif window:
            iser.wsv, iser.write_stag, iser.write_va = 1, window.rkey, window.va + skip + imm
        fields = {"r": bool(read), "w": bool(write), "attr": 1, "cdb": cdb, "lun": self._lun(lun),
                  "edtl": length if edtl is None else edtl, "immediate": immediate, **fields}
        request = P.ScsiCommand(write[:imm], ahs=ahs, **fields)
        self.send(request, iser, pad=pad, cmdsn=cmdsn)
        return Command(request, window, skip, request.edtl)

    def finish(self, command, ms=None):
        got = self.answer(command.request.itt, ms)
        if not isinstance(got, P.ScsiResponse):
            raise Unexpected(f"{command.request} was answered with {got}")
        command.response, command.invalidated = got, got.invalidated
        return command

    def scsi(self, cdb, ms=None, **how):
        return self.finish(self.start(cdb, **how), ms)

    @staticmethod
    def rw_cdb(opcode, lba, blocks):
        return bytes([opcode, 0]) + lba.to_bytes(4, "big") + b"\0" + blocks.to_bytes(2, "big") + b"\0"

    def read(self, lba, blocks, **how):
        how.setdefault("read", blocks * self.block_size)
        return self.scsi(self.rw_cdb(0x28, lba, blocks), **how)

    def write(self, lba, data, blocks=None, **how):
        blocks = len(data) // self.block_size if blocks is None else blocks
        return self.scsi(self.rw_cdb(0x2A, lba, blocks), write=data, **how)

    def inquiry(self, length=36, **how):
        return self.scsi(bytes([0x12, 0, 0]) + length.to_bytes(2, "big") + b"\0",
                         **{"read": length, **how})

    def test_unit_ready(self, **how):
        return self.scsi(bytes(6), **how)

    def capacity(self):
        """(blocks, block size), read once; also clears a pending unit attention."""
        if not hasattr(self, "_capacity"):
            for _ in range(4):
                c = self.scsi(bytes([0x25]) + bytes(9), read=8)
                if c.status == 0:
                    break
            else:
                raise Unexpected(f"READ CAPACITY ends with status {c.status} sense {c.response.sense_code}")
            self._capacity = (int.from_bytes(c.data[:4], "big") + 1, int.from_bytes(c.data[4:], "big"))
        return self._capacity

    @property
    def block_size(self):
        return self.capacity()[1]
