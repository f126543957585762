# SPDX-License-Identifier: GPL-2.0
"""The login phase of normal sessions: RFC 7143 sections 4.2.4, 6.1 to 6.3, 11.12, 11.13."""

from iser import pdu as P
from iser.initiator import FULL_FEATURE, LIBISCSI_KEYS, OPEN_ISCSI_KEYS, OPERATIONAL, SECURITY


def rfc7143_6_3_login_through_both_stages(t):
    """SecurityNegotiation, LoginOperationalNegotiation, FullFeaturePhase, as open-iscsi does."""
    t.alive(t.session(OPEN_ISCSI_KEYS))


def rfc7143_6_3_login_without_security_stage(t):
    """SecurityNegotiation may be skipped if the target does not require authentication."""
    t.alive(t.session(OPEN_ISCSI_KEYS, security=False))


def rfc7143_6_3_login_as_libiscsi(t):
    """The same with the keys of libiscsi."""
    t.alive(t.session(LIBISCSI_KEYS))


def rfc7143_6_3_1_first_response_carries_portal_group_tag(t):
    """TargetPortalGroupTag is in the first response, also in the security stage."""
    s = t.session()
    tag = s.logins[0].keys.get("TargetPortalGroupTag", "missing")
    t.ok(tag.isdigit() and int(tag) < 65536, f"TargetPortalGroupTag is {tag}")
    t.ok(all("TargetPortalGroupTag" not in r.keys for r in s.logins[1:]), "declared a second time")


def rfc7143_11_13_3_final_response_carries_tsih(t):
    """The final response of a new session has a nonzero TSIH."""
    s = t.session()
    t.ok(s.tsih, "TSIH is 0")


def rfc7143_11_13_3_two_sessions_have_two_tsihs(t):
    """Concurrent sessions have different TSIHs."""
    a, b = t.session(), t.session()
    t.ok(a.tsih != b.tsih, f"both have TSIH {a.tsih}")
    t.alive(a)


def rfc7143_11_13_response_mirrors_isid_and_task_tag(t):
    """A Login Response has the ISID and Initiator Task Tag of its request."""
    s = t.connection()
    r = s.negotiate(s.login_request(s.names(), SECURITY, OPERATIONAL, itt=0xCAFE0001))
    t.eq(r.itt, 0xCAFE0001, "Initiator Task Tag")
    t.eq(r.isid, s.isid, "ISID")


def rfc7143_11_13_2_version_active_is_zero(t):
    """Version-max and Version-active of every response are 0x00."""
    for r in t.session().logins:
        t.eq((r.version_max, r.version_active), (0, 0), "Version-max, Version-active")


def rfc7143_11_12_8_expcmdsn_starts_with_the_first_cmdsn(t):
    """ExpCmdSN of the responses is the CmdSN of the first request, and MaxCmdSN no less than
    ExpCmdSN - 1. Both may wrap."""
    for cmdsn in (1, 0x12345678, 0xFFFFFFFF, 0):
        s = t.session(cmdsn=cmdsn)
        for r in s.logins:
            t.eq(r.expcmdsn, cmdsn, "ExpCmdSN")
            t.ok((r.maxcmdsn - r.expcmdsn + 1) & P.NONE < 1 << 31, f"MaxCmdSN is {r.maxcmdsn:#x}")
        t.alive(s)


def rfc7143_11_13_4_statsn_counts_login_responses(t):
    """StatSN goes up by one with each Login Response."""
    s = t.session()
    first = s.logins[0].statsn
    t.eq([r.statsn - first & P.NONE for r in s.logins], list(range(len(s.logins))), "StatSN")


def rfc7143_6_3_no_transit_unless_asked(t):
    """A request with T=0 is answered with T=0, and the stage does not change."""
    s = t.connection()
    r = s.negotiate(s.login_request(s.names(), OPERATIONAL, t=0))
    t.eq(r.t, 0, "T bit")
    t.eq(r.csg, OPERATIONAL, "CSG")
    r = s.negotiate(s.login_request(OPEN_ISCSI_KEYS))
    while not r.t:
        r = s.negotiate(s.login_request())
    t.eq(r.nsg, FULL_FEATURE, "NSG")


def rfc7143_6_3_next_stage_is_not_beyond_the_one_asked_for(t):
    """NSG of a response does not exceed NSG of its request."""
    s = t.connection()
    r = s.negotiate(s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
    t.eq(r.csg, SECURITY, "CSG")
    if r.t:
        t.eq(r.nsg, OPERATIONAL, "NSG")


def rfc7143_6_2_c_bit_gets_empty_response(t):
    """A request with C=1 is answered without data and without T, and its text is not processed yet."""
    s = t.connection()
    text = P.encode_keys({**s.names(), **OPEN_ISCSI_KEYS})
    for part in (text[:30], text[30:100]):
        r = s.negotiate(s.login_request(data=part, t=0, c=1))
        t.eq(r.dlen, 0, "DataSegmentLength of the response")
        t.eq((r.t, r.c), (0, 0), "T and C bit")
    r = s.negotiate(s.login_request(data=text[100:]))
    while not r.t:
        r = s.negotiate(s.login_request())
    t.ok("TargetPortalGroupTag" in s.negotiated, "no TargetPortalGroupTag after the first request with C=0")
    t.eq(s.negotiated.get("RDMAExtensions"), "Yes", "RDMAExtensions")
    s.enter_full_feature(r)
    t.alive(s)


def rfc7143_6_1_eight_kib_of_text_are_accepted(t):
    """A login text of 8192 bytes in one PDU is accepted; its unknown keys are answered NotUnderstood."""
    s = t.connection()
    text = P.encode_keys({**s.names(), **OPEN_ISCSI_KEYS})
    text += b"X-test.conformance.fill="
    text += b"f" * 255 + b"\0"
    i = 0
    while len(text) + 300 < 8192:
        text += b"X-test.conformance.f%d=" % i + b"f" * 250 + b"\0"
        i += 1
    rest = 8192 - len(text)
    key = b"X-test.conformance.last="
    if rest > len(key) + 1:
        text += key + b"l" * (rest - len(key) - 1) + b"\0"
    r = s.negotiate(s.login_request(data=text))
    for _ in range(8):
        if r.t:
            break
        r = s.negotiate(s.login_request())
    t.eq(s.negotiated.get("X-test.conformance.f0"), "NotUnderstood", "an unknown key")


def rfc7143_4_2_7_1_names_of_223_bytes(t):
    """An initiator name may be 223 bytes long."""
    name = "iqn.2026-01.test.conformance:" + "n" * 194
    t.alive(t.session(initiator=name))


def rfc7143_11_13_5_unknown_target_is_not_found(t):
    """A TargetName that does not exist: status 0203, then the connection is closed."""
    s = t.connection()
    t.refused(s, s.login_request({**s.names(), "TargetName": t.target.iqn + ".not"}), 0x0203)


def rfc7143_11_13_5_unknown_target_in_the_security_stage(t):
    """The same, in response to the first request of the security stage."""
    s = t.connection()
    names = {**s.names(), "TargetName": "iqn.2026-01.test.conformance:nobody", "AuthMethod": "None"}
    t.refused(s, s.login_request(names, SECURITY, OPERATIONAL), 0x0203)


def rfc7143_6_3_initiator_name_is_mandatory(t):
    """A first request without InitiatorName: status 0207, missing parameter."""
    s = t.connection()
    names = s.names()
    del names["InitiatorName"]
    t.refused(s, s.login_request(names), 0x0207)


def rfc7143_6_3_target_name_is_mandatory_in_normal_sessions(t):
    """A first request of a normal session without TargetName: status 0207."""
    s = t.connection()
    t.refused(s, s.login_request({"InitiatorName": s.name, "SessionType": "Normal"}), 0x0207)


def rfc7143_11_12_4_unsupported_version(t):
    """Version-min above the version of the target: status 0205."""
    s = t.connection()
    t.refused(s, s.login_request(s.names(), version_max=1, version_min=1), 0x0205)


def rfc7143_11_12_4_1_higher_version_max_is_fine(t):
    """A Version-max above the version of the target is accepted."""
    s = t.connection()
    r = s.negotiate(s.login_request(s.names(), SECURITY, OPERATIONAL, version_max=1, version_min=0))
    t.eq(r.version_active, 0, "Version-active")


def rfc7143_6_3_4_connection_reinstatement(t):
    """A login with ISID, TSIH and CID of a connection that lives takes its place: the old connection is closed, and ISID and TSIH
    stay."""
    a = t.session()
    a.nop()
    b = t.connection(isid=a.isid, cmdsn=a.cmdsn)
    b.tsih = a.tsih
    b.login()
    t.eq(b.tsih, a.tsih, "TSIH")
    t.closes(a)
    t.alive(b)
    t.good(t.disk().test_unit_ready())


def rfc7143_6_2_1_the_initiators_first_method_is_chosen(t):
    """AuthMethod: the first of the list that the target supports. Without a secret that is None, wherever it stands."""
    for offered in ("None,CHAP", "CHAP,None", "KRB5,None,CHAP"):
        s = t.connection()
        r = s.negotiate(s.login_request({**s.names(), "AuthMethod": offered}, SECURITY, OPERATIONAL))
        t.among(r.keys.get("AuthMethod"), ("None", "CHAP"), f"answer to {offered}")
        if offered.startswith("None"):
            t.eq(r.keys["AuthMethod"], "None", f"answer to {offered}")


def iser_tgt_names_that_others_accept(t):
    """Initiators whose names RFC 7143 4.2.7 does not allow log in all the same: '_', months of one digit or above 12, no date. A
    blank, a comma, a slash or a control character is refused."""
    for name in ("iqn.2026-01.org.example:host_1", "iqn.2026-1.org.example:x", "iqn.2026-13.org.example:x",
                 "iqn.2026-17.org.example:x", "iqn.org.example:x", "iqn.x_y", "eui.0200", "iqn.2026-01.org.example:(x)"):
        t.alive(t.session(initiator=name))
    for name in ("iqn.2026-01.org.example:a b", "iqn.2026-01.org.example:a,i,0x1", "iqn.2026-01.org.example:a/b", "iqn.",
                 "iqn.2026-01.org.example:\x01", "foo.2026-01.org.example:x", "iqn." + "x" * 220):
        s = t.connection(initiator=name)
        t.refused(s, s.login_request(s.names()), 0x0200)


def rfc7143_6_3_1_tsih_of_no_session(t):
    """A TSIH that belongs to no session: status 020a, session does not exist."""
    s = t.connection()
    t.refused(s, s.login_request(s.names(), tsih=0x7A7A), 0x020A)


def rfc7143_13_2_second_connection_of_a_session_with_one(t):
    """With MaxConnections=1, a second connection is refused: 0206, too many connections (or 0208,
    0200: cannot be included in the session)."""
    a = t.session()
    b = t.connection(isid=a.isid)
    t.refused(b, b.login_request(b.names(), tsih=a.tsih, cid=1), 0x0206, 0x0208, 0x0200)
    t.alive(a)


def rfc7143_6_3_5_same_isid_reinstates_the_session(t):
    """A new login with the names and ISID of a session, and TSIH 0: the old session is closed, the
    new one works."""
    a = t.session()
    b = t.session(isid=a.isid)
    t.alive(b)
    t.closes(a)
    t.alive(b)


def rfc7143_3_4_other_isid_leaves_the_session_alone(t):
    """A login with the same names and another ISID is another session."""
    a = t.session()
    t.session()
    t.alive(a)


def rfc7143_13_21_unknown_session_type(t):
    """SessionType=Foo: the login is refused."""
    s = t.connection()
    t.refused(s, s.login_request({**s.names(), "SessionType": "Foo"}), 0x02)


def rfc7143_12_1_unknown_auth_method(t):
    """No common AuthMethod: answered Reject, or refused with 0201."""
    s = t.connection()
    r = s.exchange(s.login_request({**s.names(), "AuthMethod": "KRB5"}, SECURITY, OPERATIONAL))
    if r.status:
        t.among(r.status, (0x0201, 0x0200), "login status")
        t.closes(s)
    else:
        t.eq(r.keys.get("AuthMethod"), "Reject", "AuthMethod")


def rfc7143_6_3_2_first_known_auth_method_is_chosen(t):
    """The target chooses the first offered method that it can use: here None."""
    s = t.connection()
    r = s.negotiate(s.login_request({**s.names(), "AuthMethod": "KRB5,None"}, SECURITY, OPERATIONAL))
    t.eq(r.keys.get("AuthMethod"), "None", "AuthMethod")


def rfc7143_6_3_key_of_another_stage_is_a_protocol_error(t):
    """An operational key in the security stage is a protocol error: the login is refused."""
    s = t.connection()
    t.refused(s, s.login_request({**s.names(), "MaxBurstLength": 8192}, SECURITY, OPERATIONAL), 0x02)


def rfc7145_5_1_no_full_feature_phase_without_rdma_extensions(t):
    """iSER requires RDMAExtensions=Yes: the target offers it, or refuses."""
    keys = {k: v for k, v in OPEN_ISCSI_KEYS.items() if k != "RDMAExtensions"}
    s = t.connection()
    r = s.exchange(s.login_request({**s.names(), **keys}))
    t.ok(r.status or "RDMAExtensions" in r.keys or not r.t,
         "full feature phase, and RDMAExtensions was never spoken of")


def rfc7145_6_3_rdma_extensions_no_is_not_iser(t):
    """An initiator that offers RDMAExtensions=No cannot enter full feature phase."""
    s = t.connection()
    r = s.exchange(s.login_request({**s.names(), **OPEN_ISCSI_KEYS, "RDMAExtensions": "No"}))
    t.ok(r.status or not r.t, "full feature phase with RDMAExtensions=No")


def rfc7143_6_3_unpadded_text(t):
    """A login text whose length is not a multiple of four, without padding, as ib_iser and libiscsi
    send all data."""
    s = t.connection()
    names = {**s.names(), "AuthMethod": "None"}
    while len(P.encode_keys(names)) % 4 != 1:
        names["InitiatorName"] += "x"
    r = s.negotiate(s.login_request(names, SECURITY, OPERATIONAL), pad=False)
    t.ok("TargetPortalGroupTag" in r.keys, f"answered {r.keys}")


def rfc7145_9_2_reserved_bits_of_the_iser_header_are_ignored(t):
    """Reserved fields of the iSER header are ignored on receive; so are STags without their flag."""
    s = t.connection()
    iser = P.IserHeader(write_stag=0xDEAD, read_stag=0xBEEF, write_va=1, read_va=2)
    iser.raw[0] |= 3
    iser.raw[1:4] = b"\xff\xff\xff"
    s.wire.post_recv()
    s.wire.send(iser.raw + s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL).encode())
    t.eq(s.recv_login().status, 0, "login status")


def iser_tgt_login_and_logout_fifty_times(t):
    """A login or logout leaves no state behind that prevents the next login."""
    for _ in range(50):
        s = t.session(security=False, credits=8)
        s.logout()
        s.close()


def rfc7145_9_2_login_from_a_dozen_initiators_at_once(t):
    """Logins do not wait for each other: twelve logins with their steps interleaved."""
    many = [t.connection(initiator=f"{t.target.initiator}-{i}") for i in range(12)]
    for s in many:
        s.send_login(s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
    for s in reversed(many):
        t.eq(s.recv_login().status, 0, "login status")
    for s in many:
        s.send_login(s.login_request(OPEN_ISCSI_KEYS))
    for s in many:
        t.eq(s.recv_login().status, 0, "login status")
