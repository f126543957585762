# SPDX-License-Identifier: GPL-2.0
"""Discovery sessions and SendTargets: RFC 7143 sections 4.3, 7.4, 11.10, 11.11, appendix C."""

from iser import pdu as P
from iser.initiator import DISCOVERY_KEYS, Unexpected
from iser.wire import Closed


def records(pairs):
    """{target name: [addresses]} of a SendTargets answer."""
    found, current = {}, None
    for key, value in pairs:
        if key == "TargetName":
            current = found.setdefault(value, [])
        elif key == "TargetAddress" and current is not None:
            current.append(value)
        else:
            raise Unexpected(f"{key}={value} has no place in a SendTargets answer")
    return found


def rfc7143_4_3_discovery_needs_no_target_name(t):
    """Login to a discovery session needs no TargetName and no RDMA keys."""
    s = t.session(discovery=True)
    t.ok(s.tsih, "TSIH is 0")


def rfc7143_4_3_discovery_without_security_stage(t):
    """The same with the operational stage only."""
    t.session(discovery=True, security=False)


def rfc7143_7_4_1_discovery_has_recovery_level_0(t):
    """ErrorRecoveryLevel of a discovery session is 0, regardless of the offer."""
    got = t.session({**DISCOVERY_KEYS, "ErrorRecoveryLevel": 2}, discovery=True).negotiated
    t.eq(got.get("ErrorRecoveryLevel"), "0", "ErrorRecoveryLevel")


def rfc7145_5_1_discovery_digests_are_none(t):
    """Digests are not used on RDMA: None, also in discovery."""
    keys = {**DISCOVERY_KEYS, "HeaderDigest": "CRC32C,None", "DataDigest": "CRC32C,None"}
    got = t.session(keys, discovery=True).negotiated
    t.eq((got.get("HeaderDigest"), got.get("DataDigest")), ("None", "None"), "digests")


def rfc7143_C_send_targets_all(t):
    """SendTargets=All lists this target, with the portal of this connection and its group."""
    found = records(t.session(discovery=True).text({"SendTargets": "All"}))
    t.ok(t.target.iqn in found, f"{t.target.iqn} is not listed: {found}")
    host = f"[{t.target.host}]" if ":" in t.target.host else t.target.host
    here = [a for a in found[t.target.iqn] if a.startswith(f"{host}:{t.target.port},")]
    t.ok(here and here[0].rpartition(",")[2].isdigit(), f"our portal is not listed: {found[t.target.iqn]}")
    t.note(found)


def rfc7143_C_send_targets_one_name(t):
    """SendTargets=<name> lists that target only."""
    found = records(t.session(discovery=True).text({"SendTargets": t.target.iqn}))
    t.eq(list(found), [t.target.iqn], "names listed")


def rfc7143_C_send_targets_unknown_name(t):
    """SendTargets=<name of no target> lists nothing."""
    pairs = t.session(discovery=True).text({"SendTargets": t.target.iqn + ".not"})
    t.eq([v for k, v in pairs if k == "TargetName"], [], "names listed")


def rfc7143_C_send_targets_twice_in_one_session(t):
    """A discovery session accepts several requests in sequence."""
    s = t.session(discovery=True)
    t.eq(records(s.text({"SendTargets": "All"})), records(s.text({"SendTargets": "All"})), "second answer")


def rfc7143_6_4_send_targets_again_in_one_negotiation(t):
    """A key that is repeated in one request, or in a later request of the same negotiation: Reject, protocol error. The next negotiation
    is answered."""
    s = t.session(discovery=True)
    all_targets = P.encode_keys({"SendTargets": "All"})
    t.rejected(s, P.TextRequest(all_targets * 20, immediate=1), P.Reject.PROTOCOL_ERROR)
    first = P.TextRequest(all_targets, final=0)
    r = s.ask(first, P.TextResponse)
    while r.c:
        r = s.ask(P.TextRequest(final=0, ttt=r.ttt, lun=r.lun, itt=first.itt), P.TextResponse)
    t.rejected(s, P.TextRequest(all_targets, immediate=1, ttt=r.ttt, lun=r.lun, itt=first.itt), P.Reject.PROTOCOL_ERROR)
    t.alive(s)


def rfc7143_C_send_targets_in_a_normal_session(t):
    """An empty SendTargets in a normal session lists the target of the session, in parts of at
    most 128 bytes, the size of the initiators' receive buffers."""
    found = records(t.session().text({"SendTargets": ""}))
    t.eq(list(found), [t.target.iqn], "names listed")


def rfc7143_C_send_targets_all_only_in_discovery(t):
    """SendTargets=All is not supported in a normal session."""
    s = t.session()
    got = s.ask(P.TextRequest(P.encode_keys({"SendTargets": "All"})))
    if not isinstance(got, P.Reject):
        t.ok("TargetName" not in got.keys, f"answered {got.keys}")
    t.alive(s)


def rfc7143_11_11_1_final_response_has_no_transfer_tag(t):
    """A response with F=1 has Target Transfer Tag 0xffffffff, one with F=0 a valid tag."""
    s = t.session(discovery=True)
    s.text({"SendTargets": "All"})
    for r in s.seen:
        t.eq(r.ttt == P.NONE, bool(r.final), "Target Transfer Tag is reserved")
        t.ok(not (r.final and r.c), "F and C together")


def rfc7143_6_2_text_with_c_bit_gets_empty_response(t):
    """A Text Request with C=1 is answered without data, F=0 and a valid Target Transfer Tag; the
    text continues in the next request."""
    s = t.session(discovery=True)
    text = P.encode_keys({"SendTargets": "All"})
    first = P.TextRequest(text[:7], c=1, final=0)
    r = s.ask(first, P.TextResponse)
    t.eq((r.dlen, r.final, r.c), (0, 0, 0), "DataSegmentLength, F, C")
    t.ok(r.ttt != P.NONE, "no Target Transfer Tag")
    r = s.ask(P.TextRequest(text[7:], ttt=r.ttt, lun=r.lun, itt=first.itt), P.TextResponse)
    t.ok(t.target.iqn in records(P.key_list(r.data)), f"answered {r.keys}")


def rfc7143_6_1_eight_kib_of_text_after_login(t):
    """8192 bytes of text after the login, in one request and in parts, are answered key by key; one more byte need not be."""
    keys = {f"X-com.example.key{i:02}": "v" * 490 for i in range(16)}
    text = P.encode_keys(keys)
    text += P.encode_keys({"X-pad": "p" * (8192 - len(text) - 7)})
    t.eq(len(text), 8192, "bytes of the text")
    want = [(key, "NotUnderstood") for key in (*keys, "X-pad")]
    for discovery in (False, True):
        s = t.session(discovery=discovery)
        t.eq(s.text([(k, v) for k, v in P.key_list(text)]), want, "the answer")
        first = P.TextRequest(text[:5000], c=1, final=0)
        r = s.ask(first, P.TextResponse)
        r = s.ask(P.TextRequest(text[5000:], ttt=r.ttt, lun=r.lun, itt=first.itt), P.TextResponse)
        data = r.data
        while not r.final:
            r = s.ask(P.TextRequest(ttt=r.ttt, lun=r.lun, itt=first.itt), P.TextResponse)
            data += r.data
        t.eq(P.key_list(data), want, "the answer to the parts")
        t.alive(s)


def iser_tgt_more_text_than_eight_kib_after_login(t):
    """More than 8192 bytes of text in one negotiation of a normal session: Reject, out of resources; the session goes on."""
    s = t.session()
    first = P.TextRequest(P.encode_keys({"X-com.example.a": "v" * 8000}), c=1, final=0)
    r = s.ask(first, P.TextResponse)
    t.rejected(s, P.TextRequest(P.encode_keys({"X-com.example.b": "v" * 200}), immediate=1, ttt=r.ttt, lun=r.lun, itt=first.itt),
               P.Reject.OUT_OF_RESOURCES)
    t.alive(s)


def rfc7143_11_11_text_is_never_longer_than_declared(t):
    """A discovery answer is sent in parts no longer than MaxRecvDataSegmentLength."""
    s = t.session({**DISCOVERY_KEYS, "MaxRecvDataSegmentLength": 512}, discovery=True)
    pairs = s.text({"SendTargets": "All"})
    t.ok(all(r.dlen <= 512 for r in s.seen), f"lengths {[r.dlen for r in s.seen]}")
    if len(P.encode_keys(pairs)) <= 512:
        t.skip("the list of targets fits in 512 bytes: configure more targets")
    t.ok(t.target.iqn in records(pairs), "the list is not complete")


def rfc7143_4_3_discovery_refuses_scsi(t):
    """A SCSI Command in a discovery session is rejected, or ends it."""
    s = t.session(discovery=True)
    try:
        got = s.ask(P.ScsiCommand(attr=1))
        t.ok(isinstance(got, P.Reject), f"answered with {got}")
    except Closed:
        pass


def rfc7143_4_3_discovery_refuses_ping(t):
    """A NOP-Out in a discovery session is rejected, whether or not it asks for an answer, or ends it."""
    for itt in (0, P.NONE):
        for immediate in (0, 1):
            s = t.session(discovery=True)
            s.send(P.NopOut(immediate=immediate, ttt=P.NONE, itt=itt))
            got = t.settled(s)
            t.ok(got is None or isinstance(got, P.Reject), f"answered with {got}")


def rfc7143_4_3_discovery_refuses_task_management(t):
    """A Task Management Request in a discovery session is rejected, or ends it."""
    s = t.session(discovery=True)
    try:
        got = s.tmf(P.TaskManagement.LUN_RESET)
        t.ok(isinstance(got, P.Reject), f"answered with {got}")
    except Closed:
        pass


def rfc7143_4_3_discovery_logout_closes(t):
    """Logout with reason "close the session" is answered, and the connection closed."""
    s = t.session(discovery=True)
    got = s.logout()
    t.ok(isinstance(got, P.LogoutResponse), f"answered with {got}")
    t.eq(got.response, 0, "Logout Response")
    t.closes(s)


def rfc7143_7_4_2_1_discovery_is_reinstated_by_isid(t):
    """An unnamed discovery session with the ISID of another one reinstates it."""
    a = t.session(discovery=True)
    b = t.session(discovery=True, isid=a.isid)
    t.closes(a)
    t.ok(b.text({"SendTargets": "All"}), "the new session lists nothing")


def named(t, isid, name=None):
    """A discovery session that names a target."""
    s = t.connection(isid=isid)
    keys = {**s.names(True), "TargetName": name or t.target.iqn}
    s.enter_full_feature(s.negotiate(s.login_request({**keys, **DISCOVERY_KEYS})), True)
    return s


def rfc7143_7_4_2_1_named_and_unnamed_discovery_are_two_sessions(t):
    """Only an unnamed discovery session reinstates an unnamed one: a named one with its ISID does not, nor does it reinstate the named
    one."""
    a = t.session(discovery=True)
    b = named(t, a.isid)
    t.alive(a)
    t.alive(b)
    c = t.session(discovery=True, isid=a.isid)
    t.closes(a)
    t.alive(b)
    t.alive(c)


def rfc7143_7_4_2_2_named_discovery_is_reinstated_by_isid(t):
    """A discovery session that names a target reinstates the one with its ISID that names the same target, in whatever case, and none
    that names another."""
    a = named(t, None)
    other = named(t, a.isid, t.target.iqn + ".other")
    t.alive(a)
    b = named(t, a.isid, t.target.iqn.upper())
    t.closes(a)
    t.alive(b)
    t.alive(other)
