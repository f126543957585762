# SPDX-License-Identifier: GPL-2.0
"""TransportIDs that are well-formed, and that the target core of Linux 7.3 handles wrongly.

The patches in configfs/upstream/linux mend it. Without them one of these rules leaves a mapped LUN that cannot be removed: run
them by tools/testing/vm/t/core.t only, which says what it has set up. ACLs: the initiator itself, ABSENT, FAR (on the second
target alone), LONGEST (a name of 223 bytes).
"""

from .reservations import INVALID_FIELD, ISID, KEY, MOVE, OTHER_KEY, REGISTER, RESERVE, basic, clear, full_status, iscsi_id, keys, move_to, \
    pr_out, ready, refused, with_ids

ABSENT, FAR = "iqn.2026-01.org.example:absent", "iqn.2026-01.org.example:far"
LONGEST = "iqn.2026-01.org.example:".ljust(223, "x")


def port(name, isid=ISID):
    return iscsi_id(f"{name},i,0x{isid}\0", 1)


def registered(t, s):
    return sorted((f[0], f[3]) for f in full_status(t, s))


def iser_tgt_register_for_an_absent_initiator(t):
    """REGISTER with SPEC_I_PT for an initiator that is not logged in: GOOD, both are registered."""
    s = ready(t)
    clear(t, s)
    t.good(pr_out(s, REGISTER, with_ids(port(ABSENT))))
    t.eq(keys(t, s), [KEY, KEY], "the keys registered")
    t.ok((KEY, port(ABSENT)) in registered(t, s), "it is not registered")
    clear(t, s)


def iser_tgt_move_to_an_absent_initiator(t):
    """REGISTER AND MOVE to a port that is not registered: GOOD, and it is the holder; ten ports in turn."""
    for i in range(10):
        s = ready(t)
        clear(t, s)
        t.good(pr_out(s, REGISTER, basic(0, KEY)))
        t.good(pr_out(s, RESERVE, basic(KEY, 0), 1))
        rtpi = full_status(t, s)[0][2]
        tid = port(ABSENT, f"0002{i:08x}")
        t.good(pr_out(s, MOVE, move_to(tid, rtpi)))
        t.eq([f[3] for f in full_status(t, s) if f[1]], [tid], "the holder")
        t.ok((OTHER_KEY, tid) in registered(t, s), "the new registration")
        clear(t, s)
        s.close()


def iser_tgt_initiator_of_the_second_port(t):
    """REGISTER with SPEC_I_PT for an initiator that has an ACL at the second target port of the disk alone: GOOD. With an ISID, which the
    core of Linux 7.3 cannot read twice, it is refused before."""
    s = ready(t)
    clear(t, s)
    refused(t, pr_out(s, REGISTER, with_ids(port(FAR))), "a port of the second target", INVALID_FIELD)
    t.good(pr_out(s, REGISTER, with_ids(iscsi_id(FAR + "\0", 0))))
    t.eq(keys(t, s), [KEY, KEY], "the keys registered")
    clear(t, s)


def iser_tgt_longest_name(t):
    """The longest iSCSI name is taken in a TransportID of a device, and in one of a port."""
    s = ready(t)
    for tid in (iscsi_id(LONGEST + "\0", 0), port(LONGEST)):
        clear(t, s)
        t.good(pr_out(s, REGISTER, with_ids(tid)))
        t.eq(keys(t, s), [KEY, KEY], "the keys registered")
        clear(t, s)
