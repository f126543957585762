# SPDX-License-Identifier: GPL-2.0
"""Invalid logins: each is settled at once, and delays no other connection.

Settled means: refused by a Login Response of class 2 and closed or, if the message is not a Login
Request, closed. RFC 7143 sections 4.2.4, 6.3, 7.7, 11.12; RFC 7145 section 10.1.3.
"""

from iser import pdu as P
from iser.initiator import OPEN_ISCSI_KEYS, OPERATIONAL, SECURITY
from iser.wire import Closed, Timeout


def first_message(t, *parts):
    """The first message of a connection: settled at once, and the next good login succeeds."""
    s = t.connection()
    s.wire.post_recv()
    s.wire.send(*parts, wait=False)
    t.refused_or_closed(s, 0x02)
    t.serves_others()


def login_bytes(t):
    s = t.connection()
    return bytes(P.IserHeader().raw) + s.login_request(s.names()).encode()


def mangled(case, keys=None, data=None, pad=True, **fields):
    """A first Login Request with these fields: refused with class 2."""
    s = case.connection()
    case.refused(s, s.login_request(s.names() if keys is None else keys, data=data, **fields), 0x02, pad=pad)
    case.serves_others()


def rfc7145_10_1_3_3_empty_send(t):
    """A message of no bytes."""
    first_message(t)


def rfc7145_10_1_3_3_login_of_8_bytes(t):
    """A message of 8 bytes."""
    first_message(t, login_bytes(t)[:8])


def rfc7145_10_1_3_3_login_of_28_bytes(t):
    """An iSER header only."""
    first_message(t, login_bytes(t)[:28])


def rfc7145_10_1_3_3_login_of_48_bytes(t):
    """A message of 48 bytes, the size of a BHS on TCP."""
    first_message(t, login_bytes(t)[:48])


def rfc7145_10_1_3_3_login_of_75_bytes(t):
    """One byte less than both headers."""
    first_message(t, login_bytes(t)[:75])


def rfc7145_10_1_3_3_pdu_without_iser_header(t):
    """A Login Request as on TCP, without the iSER header."""
    first_message(t, login_bytes(t)[28:])


def rfc7145_10_1_3_4_hello_before_login(t):
    """An iSER Hello before login: no initiator has negotiated it."""
    first_message(t, P.IserHello(ird=4).raw)


def rfc7145_10_1_3_3_unknown_iser_opcodes(t):
    """iSER opcodes that are not assigned, or the target's own."""
    for opcode in (0, 3, 4, 15):
        login = bytearray(login_bytes(t))
        login[0] = opcode << 4
        first_message(t, login)


def rfc7143_4_2_4_other_pdu_before_login(t):
    """Any PDU but a Login Request before login: the connection is closed at once."""
    for pdu in (P.NopOut(itt=1, ttt=P.NONE), P.ScsiCommand(itt=1), P.TextRequest(b"SendTargets=All\0", itt=1),
                P.Logout(itt=1), P.TaskManagement(function=5, itt=1), P.Pdu(opcode=0x1F), P.LoginResponse()):
        first_message(t, P.IserHeader().raw + pdu.encode())


def rfc7143_11_13_5_other_pdu_during_login(t):
    """Any PDU but a Login Request during login: 020b, invalid during login, and closed."""
    for pdu in (P.NopOut(itt=1, ttt=P.NONE), P.ScsiCommand(itt=1), P.Logout(itt=1)):
        s = t.connection()
        s.negotiate(s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
        s.wire.post_recv()
        s.wire.send(P.IserHeader().raw + pdu.encode(), wait=False)
        t.told_refused(s, 0x020B)
    t.serves_others()


def rfc7143_11_12_3_current_stage_2(t):
    """CSG=2 is reserved."""
    mangled(t, csg=2, nsg=3)


def rfc7143_11_12_3_current_stage_3(t):
    """Login cannot begin in FullFeaturePhase."""
    mangled(t, csg=3, nsg=3)


def rfc7143_11_12_3_next_stage_2(t):
    """NSG=2 is reserved."""
    mangled(t, csg=0, nsg=2)
    mangled(t, csg=1, nsg=2)


def rfc7143_6_3_next_stage_is_not_the_current(t):
    """NSG must not be the current stage."""
    mangled(t, csg=0, nsg=0)
    mangled(t, csg=1, nsg=1)


def rfc7143_6_3_next_stage_is_not_behind(t):
    """NSG must not be an earlier stage than LoginOperationalNegotiation, the current one."""
    mangled(t, csg=1, nsg=0)


def rfc7143_6_3_current_stage_is_the_one_agreed_on(t):
    """A later request with the CSG of a completed stage."""
    s = t.connection()
    s.negotiate(s.login_request(s.names(), t=0))
    t.refused(s, s.login_request({"AuthMethod": "None"}, SECURITY, OPERATIONAL), 0x02)


def rfc7143_6_3_current_stage_is_not_ahead(t):
    """A later request with the CSG of a stage not yet agreed on."""
    s = t.connection()
    s.negotiate(s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, t=0))
    t.refused(s, s.login_request(OPEN_ISCSI_KEYS), 0x02)


def rfc7143_11_12_2_t_with_c(t):
    """T and C must not both be set."""
    mangled(t, t=1, c=1)


def rfc7143_11_2_1_5_login_with_ahs(t):
    """A Login Request must not have an AHS: TotalAHSLength of 255 words and of 1 word, without an AHS."""
    mangled(t, ahslen=255)
    mangled(t, ahslen=1)


def rfc7143_11_2_1_6_more_data_claimed_than_sent(t):
    """DataSegmentLength above the bytes received, by one padded word and by 16 MiB."""
    s = t.connection()
    real = len(P.encode_keys(s.names()))
    for dlen in (real + 8, 8192, 0xFFFFFF):
        mangled(t, dlen=dlen)


def rfc7143_11_2_1_6_less_data_claimed_than_sent(t):
    """More bytes than the data segment and its padding."""
    s = t.connection()
    names = P.encode_keys(s.names())
    mangled(t, data=names + bytes(64), dlen=len(names))


def rfc7143_6_1_text_without_its_final_zero(t):
    """The last pair is not terminated."""
    s = t.connection()
    mangled(t, data=P.encode_keys(s.names())[:-1], pad=False)


def rfc7143_6_1_text_that_is_no_text(t):
    """Random bytes, a key of 8000 bytes, a value of 8000 bytes, only '=' or only zeros."""
    s = t.connection()
    names = P.encode_keys(s.names())
    for rubbish in (bytes(range(1, 256)) * 8 + b"\0", b"A" * 7000 + b"=1\0", b"=\0", b"=value\0", b"=" * 500 + b"\0"):
        mangled(t, data=names + rubbish)
    for rubbish in (b"\0" * 8192, b"A" * 8192, b"", b"\0", b"InitiatorName"):
        mangled(t, data=rubbish)


def rfc7143_4_2_7_names_that_are_none(t):
    """Invalid initiator names: empty, too long, without a type, with control characters."""
    for name in ("", "iqn", "n" * 224, "iqn.2026-01.test:" + "x" * 220, "iqn.2026-01.te st:a", "iqn.2026-01.test:\x01",
                 "../../../etc", "iqn.2026-01.test:a/../b", "IQN.2026-01.test:a%s%n"):
        s = t.connection()
        t.refused(s, s.login_request({**s.names(), "InitiatorName": name}), 0x02)
    t.serves_others()


def rfc7143_6_2_endless_continuation_is_ended(t):
    """Endless requests of 8 KiB with C=1: the text is bounded, and the login refused."""
    s = t.connection()
    for i in range(64):
        try:
            r = s.exchange(s.login_request(data=b"X-test.conformance.%d=" % i + b"v" * 8000, t=0, c=1))
        except Closed:
            t.fail("closed without a Login Response that says why")
        if r.status:
            t.eq(r.status >> 8 in (2, 3), True, f"status {r.status:04x} is of class 2 or 3")
            t.closes(s)
            t.serves_others()
            return
    t.fail("half a MiB of text was taken in, and more is asked for")


def rfc7143_6_2_endless_negotiation_is_ended(t):
    """Endless requests with T=0: at least six exchanges are allowed, but not five hundred."""
    s = t.connection()
    s.negotiate(s.login_request(s.names(), t=0))
    for i in range(500):
        try:
            r = s.exchange(s.login_request(t=0))
        except (Closed, Timeout):
            break
        if r.status:
            t.ok(i >= 6, f"ended after {i} exchanges")
            t.closes(s)
            break
    else:
        t.fail("five hundred exchanges, and no end")
    t.serves_others()


def rfc7143_6_3_second_request_before_the_first_is_answered(t):
    """Two Login Requests at once, although only one may be outstanding: answered in turn, or
    refused; none is left unanswered."""
    s = t.connection()
    s.send_login(s.login_request(s.names(), t=0))
    s.send_login(s.login_request(t=0))
    try:
        for _ in range(2):
            r = s.recv_login(t.target.ms(1000))
            if r.status:
                t.closes(s)
                break
    except Closed:
        pass
    t.serves_others()


def rfc7143_6_3_a_flood_of_login_requests(t):
    """Forty Login Requests at once, then the same twice without a posted receive."""
    for receives in (40, 0, 0):
        s = t.connection(rnr_retry=7 if receives else 0)
        for _ in range(receives):
            s.wire.post_recv()
        for _ in range(40):
            s.wire.send(P.IserHeader().raw + s.login_request(s.names(), t=0).encode(), wait=False)
    t.serves_others()


def rfc7145_8_1_initiator_without_a_receive(t):
    """A login without a receive buffer for the answer affects only its own connection."""
    s = t.connection()
    s.wire.send(P.IserHeader().raw + s.login_request({**s.names(), **OPEN_ISCSI_KEYS}).encode(), wait=False)
    t.serves_others()


def rfc7145_8_1_initiator_whose_receive_is_too_small(t):
    """A login with a receive buffer smaller than the answer."""
    s = t.connection()
    s.wire.post_recv(80)
    s.wire.send(P.IserHeader().raw + s.login_request({**s.names(), **OPEN_ISCSI_KEYS}).encode(), wait=False)
    t.serves_others()


def rfc7143_6_3_login_stopped_half_way(t):
    """Ten logins that stop after their first exchange, ten in the middle of a text."""
    for i in range(10):
        s = t.connection(initiator=f"{t.target.initiator}-half-{i}")
        s.negotiate(s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
        s = t.connection()
        s.negotiate(s.login_request(data=b"InitiatorN", t=0, c=1))
    t.serves_others()


def rfc7145_10_1_1_2_login_torn_off(t):
    """Connections that are broken right after the Login Request, or before."""
    for i in range(20):
        s = t.connection()
        if i & 1:
            s.wire.send(P.IserHeader().raw + s.login_request({**s.names(), **OPEN_ISCSI_KEYS}).encode(), wait=False)
        if i & 2:
            s.wire.break_qp()
        s.close()
    t.serves_others()


def rfc7143_6_3_refused_a_hundred_times(t):
    """A hundred logins to a target that does not exist: no resource is leaked."""
    for i in range(100):
        s = t.connection()
        r = s.exchange(s.login_request({**s.names(), "TargetName": f"iqn.2026-01.test.no:{i}"}))
        t.eq(r.status, 0x0203, "login status")
        s.close()
    t.serves_others()


def rfc7145_10_1_3_3_message_larger_than_any_buffer(t):
    """A first message of 64 KiB."""
    first_message(t, login_bytes(t).ljust(65536, b"\0"))
