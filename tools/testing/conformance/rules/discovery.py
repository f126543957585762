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


def rfc7143_6_2_send_targets_again_in_one_request(t):
    """A key that is repeated in one request is an error: the first SendTargets is answered with the list, each repetition with
    Reject."""
    s = t.session(discovery=True)
    once = s.text({"SendTargets": "All"})
    pairs = s.text([("SendTargets", "All")] * 20)
    t.eq([p for p in pairs if p[0] != "SendTargets"], once, "the list")
    t.eq([p for p in pairs if p[0] == "SendTargets"], [("SendTargets", "Reject")] * 19, "the repetitions")
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
