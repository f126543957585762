# SPDX-License-Identifier: GPL-2.0
"""The result of each key: RFC 7143 sections 6.2 and 13, RFC 7145 section 6."""

from iser.initiator import LIBISCSI_KEYS, OPEN_ISCSI_KEYS, OPERATIONAL, SECURITY, LoginRefused


def answers(t, **keys):
    """The answers to open-iscsi's keys, with these changed or added."""
    return t.session({**OPEN_ISCSI_KEYS, **keys}).negotiated


def answer(t, key, value):
    return answers(t, **{key: value}).get(key, "(no answer)")


def outcome(t, key, value, result_of_silence):
    """The result of a boolean. An offer that determines the result (No for AND, Yes for OR) need not
    be answered: RFC 7143 section 6.2.2."""
    got = answers(t, **{key: value}).get(key)
    if got is None:
        t.eq(value, result_of_silence, f"unanswered offer of {key}")
    return got or value


def at_most(t, key, offered, least=1):
    got = answer(t, key, offered)
    t.ok(got.isdigit() and least <= int(got) <= offered, f"{key}={offered} was answered {got}")
    return int(got)


def refused_or_rejected(t, key, value, *never):
    """The response to an inadmissible value: Reject, an admissible value, or refusal with class 2."""
    try:
        got = answer(t, key, value)
    except LoginRefused as e:
        t.eq(e.status >> 8, 2, "status class")
        return
    t.ok(got not in (str(value),) + never, f"{key}={value} was accepted: {got}")


def all_answered(t, keys):
    got = t.session(keys).negotiated
    silent = {"DataPDUInOrder": "Yes", "DataSequenceInOrder": "Yes", "IFMarker": "No", "OFMarker": "No"}
    for key, value in keys.items():
        if silent.get(key) != value:
            t.ok(key in got, f"{key} was not answered")
        t.ok(got.get(key) != "NotUnderstood", f"{key} was not understood")


def rfc7143_6_2_every_offer_of_open_iscsi_is_answered(t):
    """Each negotiated key gets an answer (booleans whose offer determines the result need none), none of
    them NotUnderstood."""
    all_answered(t, OPEN_ISCSI_KEYS)


def rfc7143_6_2_every_offer_of_libiscsi_is_answered(t):
    """The same for the keys of libiscsi."""
    all_answered(t, LIBISCSI_KEYS)


def rfc7145_6_3_rdma_extensions(t):
    """RDMAExtensions=Yes is answered Yes."""
    t.eq(answer(t, "RDMAExtensions", "Yes"), "Yes", "RDMAExtensions")


def rfc7145_6_4_target_recv_data_segment_length_is_the_minimum(t):
    """TargetRecvDataSegmentLength: the smaller value, 512 to 16777215."""
    for offered in (512, 8192, 262144, 16777215):
        at_most(t, "TargetRecvDataSegmentLength", offered, 512)


def rfc7145_6_5_initiator_recv_data_segment_length_is_the_minimum(t):
    """InitiatorRecvDataSegmentLength: the smaller value, 512 to 16777215."""
    for offered in (512, 8192, 262144):
        at_most(t, "InitiatorRecvDataSegmentLength", offered, 512)


def rfc7145_6_2_max_recv_data_segment_length_is_no_obstacle(t):
    """MaxRecvDataSegmentLength is not used in an iSER session, but may be declared."""
    got = answers(t, MaxRecvDataSegmentLength=65536).get("MaxRecvDataSegmentLength")
    t.ok(got not in ("NotUnderstood", "Reject"), f"answered {got}")


def rfc7145_5_1_header_digest_is_none(t):
    """HeaderDigest is None in an iSER session, even if CRC32C is offered first."""
    t.eq(answer(t, "HeaderDigest", "None"), "None", "HeaderDigest")
    t.eq(answer(t, "HeaderDigest", "CRC32C,None"), "None", "HeaderDigest")


def rfc7145_5_1_data_digest_is_none(t):
    """DataDigest is None in an iSER session, even if CRC32C is offered first."""
    t.eq(answer(t, "DataDigest", "None"), "None", "DataDigest")
    t.eq(answer(t, "DataDigest", "CRC32C,None"), "None", "DataDigest")


def rfc7145_5_1_no_digest_even_where_only_crc32c_is_offered(t):
    """An offer of CRC32C only is answered Reject, or the login is refused."""
    refused_or_rejected(t, "HeaderDigest", "CRC32C")


def rfc7143_13_2_max_connections(t):
    """MaxConnections: the minimum, here 1."""
    t.eq(answer(t, "MaxConnections", 1), "1", "MaxConnections")
    t.eq(answer(t, "MaxConnections", 8), "1", "MaxConnections")


def rfc7143_13_10_initial_r2t(t):
    """InitialR2T: OR. This target requires Yes, because libiscsi cannot send unsolicited Data-Out PDUs."""
    t.eq(answer(t, "InitialR2T", "No"), "Yes", "InitialR2T")
    t.eq(outcome(t, "InitialR2T", "Yes", "Yes"), "Yes", "InitialR2T")


def rfc7143_13_11_immediate_data(t):
    """ImmediateData: AND."""
    t.among(answer(t, "ImmediateData", "Yes"), ("Yes", "No"), "ImmediateData")
    t.eq(outcome(t, "ImmediateData", "No", "No"), "No", "ImmediateData")


def rfc7143_13_13_max_burst_length_is_the_minimum(t):
    """MaxBurstLength: the smaller value, at least 512."""
    for offered in (512, 65536, 16776192):
        at_most(t, "MaxBurstLength", offered, 512)


def rfc7143_13_14_first_burst_length_is_the_minimum(t):
    """FirstBurstLength: the smaller value, at least 512, and at most MaxBurstLength."""
    for offered in (512, 65536, 262144):
        at_most(t, "FirstBurstLength", offered, 512)
    got = answers(t, MaxBurstLength=4096, FirstBurstLength=4096)
    if got["FirstBurstLength"].isdigit():
        t.ok(int(got["FirstBurstLength"]) <= int(got["MaxBurstLength"]), f"answered {got}")


def rfc7143_13_15_default_time2wait_is_the_maximum(t):
    """DefaultTime2Wait: the larger value."""
    for offered in (0, 2, 3600):
        got = answer(t, "DefaultTime2Wait", offered)
        t.ok(got.isdigit() and offered <= int(got) <= 3600, f"DefaultTime2Wait={offered} was answered {got}")


def rfc7143_13_16_default_time2retain_is_the_minimum(t):
    """DefaultTime2Retain: the smaller value. A target that keeps nothing says 0."""
    for offered in (0, 20, 3600):
        at_most(t, "DefaultTime2Retain", offered, 0)
        t.eq(answer(t, "DefaultTime2Retain", offered), "0", "DefaultTime2Retain")


def rfc7143_13_23_task_reporting(t):
    """TaskReporting: the first value of the list that the target supports, ResponseFence among them."""
    for offered in ("RFC3720,ResponseFence", "ResponseFence,RFC3720", "FastAbort,ResponseFence,RFC3720"):
        t.among(answer(t, "TaskReporting", offered), tuple(offered.split(",")), "TaskReporting")
    t.eq(answer(t, "TaskReporting", "RFC3720,ResponseFence"), "RFC3720", "TaskReporting")
    t.eq(answer(t, "TaskReporting", "ResponseFence,RFC3720"), "ResponseFence", "TaskReporting")


def rfc7143_13_17_max_outstanding_r2t_is_the_minimum(t):
    """MaxOutstandingR2T: the smaller value."""
    for offered in (1, 16):
        at_most(t, "MaxOutstandingR2T", offered)


def rfc7143_13_18_data_pdu_in_order(t):
    """DataPDUInOrder: OR."""
    t.eq(outcome(t, "DataPDUInOrder", "Yes", "Yes"), "Yes", "DataPDUInOrder")
    t.among(answer(t, "DataPDUInOrder", "No"), ("Yes", "No"), "DataPDUInOrder")


def rfc7143_13_19_data_sequence_in_order(t):
    """DataSequenceInOrder: OR."""
    t.eq(outcome(t, "DataSequenceInOrder", "Yes", "Yes"), "Yes", "DataSequenceInOrder")
    t.among(answer(t, "DataSequenceInOrder", "No"), ("Yes", "No"), "DataSequenceInOrder")


def rfc7143_13_20_error_recovery_level(t):
    """ErrorRecoveryLevel: the minimum; this target supports level 0."""
    for offered in (0, 1, 2):
        t.eq(answer(t, "ErrorRecoveryLevel", offered), "0", "ErrorRecoveryLevel")


def rfc7143_13_23_task_reporting_is_understood(t):
    """TaskReporting is a key of this RFC: not NotUnderstood; one of the values offered."""
    t.among(answer(t, "TaskReporting", "ResponseFence,RFC3720"), ("RFC3720", "ResponseFence", "Reject"), "TaskReporting")


def rfc7143_13_24_iscsi_protocol_level(t):
    """iSCSIProtocolLevel is answered with a level no higher than the one offered."""
    got = answer(t, "iSCSIProtocolLevel", 2)
    t.ok(got in ("0", "1", "2"), f"iSCSIProtocolLevel=2 was answered {got}")


def rfc7143_13_25_markers_are_obsolete(t):
    """IFMarker and OFMarker are answered Reject, or No; never NotUnderstood."""
    for key in ("IFMarker", "OFMarker"):
        for value in ("No", "Yes"):
            t.among(outcome(t, key, value, "No"), ("No", "Reject"), key)


def rfc7143_13_25_marker_intervals_are_rejected(t):
    """IFMarkInt and OFMarkInt are answered Reject."""
    for key in ("IFMarkInt", "OFMarkInt"):
        t.eq(answer(t, key, "2048~8192"), "Reject", key)


def rfc7145_3_3_iser_keys_are_understood(t):
    """No key of RFC 7145 section 6 is answered NotUnderstood."""
    for key, value in (("MaxOutstandingUnexpectedPDUs", 16), ("MaxAHSLength", 256),
                       ("TaggedBufferForSolicitedDataOnly", "No"), ("iSERHelloRequired", "No")):
        t.ok(answer(t, key, value) != "NotUnderstood", f"{key} was not understood")


def rfc7143_6_2_keys_of_other_methods_are_not_unknown(t):
    """Keys of SRP and Kerberos are keys of the RFC: never NotUnderstood. Without their method the login is refused: initiator error or
    missing parameter (9.2). After the login they are rejected."""
    names = ("SRP_U", "SRP_GROUP", "SRP_N", "SRP_g", "SRP_s", "SRP_A", "SRP_B", "SRP_M", "SRP_HM", "KRB_AP_REQ", "KRB_AP_REP", "TargetAuth")
    for key in names:
        s = t.connection()
        t.refused(s, s.login_request({**s.names(), "AuthMethod": "None", key: "0x01"}, SECURITY, OPERATIONAL), 0x0200, 0x0207)
    t.eq(t.session().text({key: "0x01" for key in names}), [(key, "Reject") for key in names], "the answer after the login")


def rfc7143_6_2_unknown_key(t):
    """An unknown key is answered NotUnderstood."""
    for key in ("X-test.conformance.key", "NoSuchKeyAtAll", "X#Test"):
        t.eq(answer(t, key, "1"), "NotUnderstood", key)


def rfc7143_13_6_declarations_get_no_answer(t):
    """InitiatorAlias is a declaration: understood, and not answered."""
    got = answer(t, "InitiatorAlias", "conformance")
    t.eq(got, "(no answer)", "InitiatorAlias")


def rfc7143_6_1_hexadecimal_numbers(t):
    """A number may be written as 0x..., in lower and upper case."""
    for text in ("0x10000", "0X10000", "0xabcd", "0xABCD"):
        got = answer(t, "MaxBurstLength", text)
        t.ok(got[:1].isdigit() and int(got, 0) <= int(text, 0), f"MaxBurstLength={text} was answered {got}")


def rfc7143_6_2_2_numbers_out_of_range(t):
    """A number outside the range of its key is not accepted."""
    for key, value in (("MaxBurstLength", 511), ("MaxBurstLength", 16777216), ("FirstBurstLength", 0),
                       ("MaxConnections", 0), ("MaxConnections", 65536), ("ErrorRecoveryLevel", 3),
                       ("MaxOutstandingR2T", 0), ("DefaultTime2Wait", 3601),
                       ("TargetRecvDataSegmentLength", 511)):
        refused_or_rejected(t, key, value)


def rfc7143_6_1_values_that_are_no_numbers(t):
    """What is not a number is not accepted as one."""
    for value in ("", "abc", "0x", "-1", "1 ", "99999999999999999999", "12abc"):
        refused_or_rejected(t, "MaxBurstLength", value)


def rfc7143_6_1_booleans_are_yes_or_no(t):
    """A boolean is Yes or No, in this spelling."""
    for value in ("yes", "YES", "1", "Maybe", ""):
        refused_or_rejected(t, "ImmediateData", value, "Yes")


def rfc7143_6_2_reserved_words_cannot_be_offered(t):
    """Reject, Irrelevant and NotUnderstood are answers, never offers: a protocol error."""
    for word in ("Reject", "Irrelevant", "NotUnderstood"):
        refused_or_rejected(t, "MaxConnections", word)


def rfc7143_6_3_renegotiation_is_refused(t):
    """A key offered again in a later request is an initiator error."""
    s = t.connection()
    s.negotiate(s.login_request({**s.names(), "MaxBurstLength": 65536}, t=0))
    t.refused(s, s.login_request({"MaxBurstLength": 32768}, t=0), 0x02)


def rfc7143_6_3_key_twice_in_one_request_is_refused(t):
    """The same key twice in one request is an initiator error too."""
    s = t.connection()
    keys = [*s.names().items(), ("MaxBurstLength", 65536), ("MaxBurstLength", 32768)]
    t.refused(s, s.login_request(keys, t=0), 0x02)


def rfc7143_6_3_names_cannot_change(t):
    """InitiatorName declared again, with another value, is an initiator error."""
    s = t.connection()
    s.negotiate(s.login_request({**s.names(), "AuthMethod": "None"}, SECURITY, OPERATIONAL))
    t.refused(s, s.login_request({"InitiatorName": s.name + ".other"}), 0x02)


def rfc7143_6_1_key_without_value(t):
    """Text without '=' is not a key: the login is refused."""
    s = t.connection()
    t.refused(s, s.login_request(data=b"InitiatorName=" + s.name.encode() + b"\0Nonsense\0"), 0x02)


def rfc7143_6_1_key_names_are_at_most_63_bytes(t):
    """A key name of 64 bytes breaks the format: refused, or not understood."""
    try:
        got = answer(t, "K" * 64, 1)
        t.among(got, ("NotUnderstood", "Reject", "(no answer)"), "answer")
    except LoginRefused as e:
        t.eq(e.status >> 8, 2, "status class")
