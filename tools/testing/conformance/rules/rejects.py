# SPDX-License-Identifier: GPL-2.0
"""Invalid PDUs are answered by a Reject, and the session continues: RFC 7143 sections 7.3, 11.17."""

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS
from iser.pdu import Reject
from iser.wire import Closed, Timeout


def rfc7143_11_17_unknown_opcode(t):
    """An undefined opcode: Reject, command not supported (or protocol error)."""
    for opcode in (0x07, 0x0F, 0x11, 0x1C, 0x1F):
        s = t.session()
        t.rejected(s, P.Pdu(opcode=opcode, immediate=1), Reject.NOT_SUPPORTED, Reject.PROTOCOL_ERROR)
        t.alive(s)


def rfc7143_11_2_1_2_opcodes_of_the_target(t):
    """A PDU that only a target may send: Reject, or the connection is closed."""
    for opcode in (0x20, 0x21, 0x25, 0x31, 0x3F):
        s = t.session()
        try:
            got = s.ask(P.Pdu(opcode=opcode))
            t.ok(isinstance(got, Reject), f"opcode {opcode:#x} was answered with {got}")
            t.alive(s)
        except Closed:
            pass


def rfc7145_7_3_11_snack(t):
    """SNACK: Reject, protocol error."""
    s = t.session()
    t.rejected(s, P.Snack(type=1, ttt=P.NONE, itt=P.NONE - 1), Reject.PROTOCOL_ERROR)
    t.alive(s)


def rfc7145_7_3_9_login_request_in_full_feature_phase(t):
    """Login Request after login: Reject, protocol error."""
    s = t.session()
    t.rejected(s, s.login_request({"MaxBurstLength": 8192}, itt=0x4321), Reject.PROTOCOL_ERROR, number=False)
    t.alive(s)


def rfc7143_11_7_unsolicited_data_out_of_no_task(t):
    """Data-Out for a task that does not exist, despite InitialR2T=Yes: Reject."""
    s = t.session()
    t.rejected(s, P.DataOut(bytes(512), ttt=P.NONE, itt=0x5555), Reject.PROTOCOL_ERROR, Reject.INVALID_FIELD)
    t.alive(s)


def rfc7143_11_7_4_data_out_with_an_invented_transfer_tag(t):
    """Data-Out with a Target Transfer Tag that the target never assigned: Reject."""
    s = t.session()
    t.rejected(s, P.DataOut(bytes(512), ttt=0x99, itt=0x5555), Reject.PROTOCOL_ERROR, Reject.INVALID_FIELD)
    t.alive(s)


def rfc7143_11_10_4_text_with_an_invented_transfer_tag(t):
    """Text Request with a Target Transfer Tag that the target never assigned: Reject."""
    s = t.session()
    t.rejected(s, P.TextRequest(ttt=0x99), Reject.PROTOCOL_ERROR, Reject.INVALID_FIELD, Reject.NOT_SUPPORTED)
    t.alive(s)


def rfc7143_11_10_2_text_with_c_and_f(t):
    """Text Request with C and F both set breaks section 11.10.2: Reject."""
    s = t.session()
    t.rejected(s, P.TextRequest(b"SendTargets=\0", c=1, final=1), Reject.PROTOCOL_ERROR, Reject.INVALID_FIELD)
    t.alive(s)


def rfc7143_6_2_unknown_key_in_full_feature_phase(t):
    """An unknown key in a Text Request is answered NotUnderstood."""
    s = t.session()
    t.eq(dict(s.text({"X-test.conformance.key": 1})).get("X-test.conformance.key"), "NotUnderstood", "answer")


def rfc7143_13_login_only_keys_in_full_feature_phase(t):
    """A login-only key in a Text Request: Reject, as the answer to the key or as a PDU."""
    s = t.session()
    got = s.ask(P.TextRequest(P.encode_keys({"ErrorRecoveryLevel": 2})))
    if not isinstance(got, Reject):
        t.eq(got.keys.get("ErrorRecoveryLevel"), "Reject", "ErrorRecoveryLevel")
    t.alive(s)


def rfc7143_6_4_key_twice_in_full_feature_phase(t):
    """A key that is negotiated twice after the login: Reject, protocol error."""
    s = t.session()
    for text in (b"SendTargets=\0SendTargets=\0", b"X-com.example.a=1\0ErrorRecoveryLevel=2\0X-com.example.a=1\0"):
        t.rejected(s, P.TextRequest(text, immediate=1), Reject.PROTOCOL_ERROR)
    t.alive(s)


def iser_tgt_text_that_is_no_pair(t):
    """Text after the login that is no key=value pair: Reject, protocol error."""
    s = t.session()
    for text in (b"SendTargets\0", b"SendTargets=", b"=All\0"):
        t.rejected(s, P.TextRequest(text, immediate=1), Reject.PROTOCOL_ERROR)
    t.alive(s)


def rfc7143_11_17_3_statsn_counts_rejects(t):
    """A Reject advances StatSN."""
    s = t.session()
    a = s.nop()
    b = t.rejected(s, P.Pdu(opcode=0x1C, immediate=1), Reject.NOT_SUPPORTED, Reject.PROTOCOL_ERROR)
    c = s.nop()
    t.eq((b.statsn, c.statsn), (a.statsn + 1, a.statsn + 2), "StatSN")


def rfc7143_7_3_rejected_command_takes_no_number(t):
    """A rejected PDU does not advance ExpCmdSN."""
    s = t.session()
    before = s.cmdsn
    got = t.rejected(s, P.Pdu(opcode=0x1C, immediate=1), Reject.NOT_SUPPORTED, Reject.PROTOCOL_ERROR)
    t.eq(got.expcmdsn, before, "ExpCmdSN")


def iser_tgt_a_thousand_rejects(t):
    """No receive buffer is leaked by a Reject."""
    s = t.session(credits=100)
    for _ in range(20):
        itts = [s.send(P.Pdu(opcode=0x1C, immediate=1)) for _ in range(50)]
        for itt in itts:
            t.ok(isinstance(s.answer(itt), Reject), "no Reject")
    t.alive(s)


def rfc7145_8_1_2_unexpected_pdus_within_the_declared_number(t):
    """With MaxOutstandingUnexpectedPDUs=4, of ten invalid requests in a row at most four are answered by a Reject; after an ExpStatSN
    that acknowledges these, more are."""
    s = t.session(keys={**OPEN_ISCSI_KEYS, "MaxOutstandingUnexpectedPDUs": 4}, credits=64)
    s.nop()
    seen = s.expstatsn

    def rejects():
        for _ in range(10):
            bad = P.NopOut(immediate=1, itt=s.next_itt(), cmdsn=s.cmdsn, expstatsn=seen)
            bad.raw[0] = 0x40 | 0x1C
            s.send(bad, number=False)
        got = 0
        try:
            while isinstance(s.recv(t.target.ms(500)), Reject):
                got += 1
        except Timeout:
            pass
        return got

    first = rejects()
    t.ok(0 < first <= 4, f"{first} Rejects at a time")
    s.nop()
    seen = s.expstatsn
    again = rejects()
    t.ok(0 < again <= 4, f"{again} Rejects after the acknowledgment")
    t.alive(s)


def rfc7143_11_reserved_task_attributes(t):
    """Task attributes 5 to 7 are reserved: a protocol error."""
    for attr in (5, 6, 7):
        s = t.session()
        s.send(P.ScsiCommand(attr=attr, cdb=bytes(16), lun=s._lun(None)))
        got = t.settled(s)
        t.ok(got is None or isinstance(got, P.Reject), f"attribute {attr}: answered with {got}")


def rfc7143_11_2_1_7_reserved_bits_are_ignored(t):
    """Reserved bits and bytes of a PDU are ignored on receive."""
    s = t.disk()
    nop = P.NopOut(b"x", immediate=1, ttt=P.NONE)
    nop.raw[0] |= 0x80
    nop.raw[1] |= 0x7F
    nop.raw[2:4] = b"\xff\xff"
    nop.raw[32:48] = b"\xff" * 16
    t.eq(s.ask(nop, P.NopIn).data, b"x", "NOP-In data")


def rfc7143_11_2_1_5_no_task_tag_for_a_command(t):
    """A SCSI Command with task tag 0xffffffff is invalid: Reject, or the connection is closed; it
    must not be executed and answered."""
    s = t.session()
    try:
        s.send(P.ScsiCommand(attr=1, itt=P.NONE, lun=s._lun(None)))
        got = s.recv(t.target.ms(1000))
        t.ok(isinstance(got, Reject), f"answered with {got}")
    except (Closed, Timeout):
        pass
