#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# CHAP with open-iscsi: every algorithm, one-way and mutual, for normal and discovery sessions; secrets need CAP_SYS_ADMIN.
# differs by: oldest
# needs: conformance

seconds=600
. "$(dirname "$0")/../in-guest"

alone || bail "no RDMA device"
works "a target" simple_target rd 16 || bail "no target"
start_initiator || bail "no iscsid"
tpg=$(tpg)
modprobe -a md5 sha1_generic sha256_generic sha3_generic 2>/dev/null

# open-iscsi accepts secrets of 12 to 255 bytes.
user=alice secret=one-way-secret-1 user_in=target-name secret_in=the-other-way-2

# set_node NAME VALUE... : sets CHAP values of the node record
set_node() {
	while [ $# -gt 0 ]; do
		iscsiadm -m node -T "$IQN" -p "$IP:$PORT" -o update -n "node.session.auth.$1" -v "$2" || return
		shift 2
	done
}
# auth_is DIR userid password userid_mutual password_mutual
auth_is() {
	echo "$2" >"$1/userid" && echo "$3" >"$1/password" && echo "${4:-NULL}" >"$1/userid_mutual" &&
		echo "${5:-NULL}" >"$1/password_mutual"
}
# The counter of a reason in refusal_counts.
refusals() { grep -F "$1" /sys/kernel/debug/iser_tgt/refusal_counts | cut -d' ' -f1; }
refused_once_more() {
	local before
	before=$(refusals "$2")
	fails "$1" login
	is "$(refusals "$2")" $((${before:-0} + 1)) "... and refusal_counts has: $2"
}
mount -t debugfs none /sys/kernel/debug 2>/dev/null

discover >/dev/null || bail "discovery"
login >/dev/null && logout >/dev/null || bail "login in demo mode"

echo 1 >"$tpg/attrib/authentication"
refused_once_more "authentication is required and no secret is set: the login is refused" "authentication required, but security stage skipped"

auth_is "$tpg/auth" $user $secret
is "$(cat "$tpg/auth/authenticate_target")" 0 "authenticate_target is 0 with one-way CHAP"
refused_once_more "without CHAP, no login" "authentication required, but security stage skipped"
set_node authmethod CHAP username $user password $secret
for alg in SHA3-256 SHA-256 SHA1 MD5; do
	echo $alg >"$tpg/param/CHAP_A" || not_ok "CHAP_A takes $alg"
	set_node chap_algs "${alg/SHA-256/SHA256}"
	works "$alg, one-way" login && logout >/dev/null
done
echo SHA3-256,SHA-256,SHA1,MD5 >"$tpg/param/CHAP_A"
set_node chap_algs MD5,SHA1,SHA256,SHA3-256
works "several algorithms in common" login && logout >/dev/null
echo SHA3-256 >"$tpg/param/CHAP_A"
set_node chap_algs MD5
fails "no algorithm in common" login
echo SHA3-256,SHA-256,SHA1,MD5 >"$tpg/param/CHAP_A"
set_node chap_algs SHA3-256,SHA256,SHA1,MD5

set_node password wrong-secret-99
refused_once_more "a wrong secret" "CHAP: wrong response"
set_node password $secret username bob
fails "a wrong name" login
set_node username $user

auth_is "$tpg/auth" $user $secret $user_in $secret_in
is "$(cat "$tpg/auth/authenticate_target")" 1 "authenticate_target is 1 with mutual CHAP"
set_node username_in $user_in password_in $secret_in
for alg in SHA3-256 SHA-256 SHA1 MD5; do
	echo $alg >"$tpg/param/CHAP_A"
	works "$alg, mutual" login && logout >/dev/null
done
echo SHA3-256,SHA-256,SHA1,MD5 >"$tpg/param/CHAP_A"
set_node password_in not-what-it-is-3
fails "the initiator refuses a target with a wrong secret" login
auth_is "$tpg/auth" $user $secret $user_in $secret
set_node password_in $secret
fails "equal secrets in both directions" login

# RFC 7143 9.2.1: 96 bits
auth_is "$tpg/auth" $user $secret $user_in elevenbytes
like "$(dmesg)" 'a CHAP secret of 11 bytes was set: RFC 7143 9.2.1' "a secret below 96 bits is warned of"
set_node password_in elevenbytes-and-more
refused_once_more "no proof is given with a secret below 96 bits" "CHAP: password_mutual is shorter than 12 bytes"
auth_is "$tpg/auth" $user $secret

# guesses one after the other, which the tests' own initiator makes quickly
guesses() { python3 /src/tools/testing/vm/guest/chap-guess --target "$IP:$PORT" --iqn "$IQN" --user $user "$@"; }
# the quickest of three wrong answers: other work of the machine delays some of them, the target all
quickest() { guesses --secret wrong --count 3 "$@" | cut -d' ' -f2 | sort -n | head -n 1; }
times=$(guesses --initiator "$INITIATOR-guess" --secret wrong --count 8)
is "$(grep -c '^0201 ' <<<"$times")" 8 "eight wrong answers to challenges are refused" "$times"
slowest=$(cut -d' ' -f2 <<<"$times" | sort -n | tail -n 1)
fastest=$(head -n 3 <<<"$times" | cut -d' ' -f2 | sort -n | head -n 1)
works "... the later ones only after a while ($fastest ms at first, then up to $slowest)" [ "$slowest" -ge $((fastest + 400)) ]
other=$(quickest --initiator "$INITIATOR-other")
works "... but not another initiator's ($other ms)" [ "$other" -lt $((fastest + 300)) ]
works "the right answer is accepted after a while" guesses --initiator "$INITIATOR-guess" --secret $secret --count 1 --want 0000
again=$(quickest --initiator "$INITIATOR-guess")
works "... and ends the delays ($again ms)" [ "$again" -lt $((fastest + 300)) ]
# turns that are not used are given back, and a right answer ends the wait of others
guesses --initiator "$INITIATOR-lock" --secret wrong --count 9 >/dev/null
guesses --initiator "$INITIATOR-lock" --secret wrong --count 20 --leave 0
works "logins that give up do not keep a right answer waiting" guesses --initiator "$INITIATOR-lock" --secret $secret --count 1 --want 0000
guesses --initiator "$INITIATOR-lock" --secret wrong --count 9 >/dev/null
works "ten sessions log in at a time after wrong answers" guesses --initiator "$INITIATOR-lock" --secret $secret --count 10 --want 0000 --together
last=$(tail -n 1 /tmp/out | cut -d' ' -f2)
works "... all of them when the first has been looked at ($last ms)" [ "${last:-99999}" -lt $((8000 * SLOW)) ]
# 256 initiators are remembered, and those forgotten that have been quiet for longest
guesses --initiator "$INITIATOR-guess" --secret wrong --count 6 >/dev/null
guesses --initiator "$INITIATOR-many" --names --secret wrong --count 250 >/dev/null
guesses --initiator "$INITIATOR-guess" --secret wrong --count 1 >/dev/null
guesses --initiator "$INITIATOR-more" --names --secret wrong --count 20 >/dev/null
again=$(guesses --initiator "$INITIATOR-guess" --secret wrong --count 1)
works "an initiator that goes on is remembered while 270 others guess (${again#* } ms)" [ "${again#* }" -ge $((fastest + 300)) ]

# hide_names
echo 1 >/sys/module/iser_tgt/parameters/hide_names
echo SECRETALIAS >"$tpg/param/TargetAlias"
for iqn in "$IQN" iqn.2026-01.org.example:nobody; do
	guesses --initiator "$INITIATOR-hide" --iqn "$iqn" --secret wrong --count 1 --show >"/tmp/answers.${iqn##*:}"
done
is "$(cat /tmp/answers.nobody)" "$(cat "/tmp/answers.${IQN##*:}")" "hide_names: a target that does not exist answers as one that does"
like "$(paste -sd ' ' /tmp/answers.nobody)" 'CHAP_A.* 0201 ' "... by CHAP, which fails"
is "$(grep -c SECRETALIAS /tmp/answers.*)" "$(printf '%s:0\n' /tmp/answers.*)" "... without an alias"
like "$(cat /sys/kernel/debug/iser_tgt/refusals)" 'no target of this name' "... and the administrator sees why"
echo 0 >"$tpg/enable"
guesses --initiator "$INITIATOR-hide" --secret wrong --count 1 --show >/tmp/answers.disabled
is "$(cat /tmp/answers.disabled)" "$(cat /tmp/answers.nobody)" "hide_names: so does one that is disabled"
works "... which tells an initiator that has authenticated" guesses --initiator "$INITIATOR-hide" --secret $secret --count 1 --want 0301
echo 1 >"$tpg/enable"
works "... and a right answer is accepted" guesses --initiator "$INITIATOR-hide" --secret $secret --count 1 --want 0000
# await_names
nobody() { guesses --initiator "$INITIATOR-await" --iqn iqn.2026-01.org.example:nobody --secret $secret --count 1 --want "$1"; }
echo 1 >/sys/module/iser_tgt/parameters/await_names
works "await_names beside hide_names: a target that does not exist answers as to a wrong secret" nobody 0201
echo 0 >/sys/module/iser_tgt/parameters/hide_names
works "await_names: initiators are to try again" nobody 0301
echo 0 >/sys/module/iser_tgt/parameters/await_names
works "... without it, there is no such target" nobody 0203
echo "" >"$tpg/param/TargetAlias"

mkdir "$tpg/acls/$INITIATOR"
acl=$tpg/acls/$INITIATOR
mkdir "$acl/lun_0" && ln -s "$tpg/lun/lun_0" "$acl/lun_0/disk"
set_node username_in "" password_in ""
refused_once_more "an ACL without a secret does not use the portal group's" "authentication required, but no CHAP secret is set"
auth_is "$acl/auth" carol carols-own-secret
set_node username carol password carols-own-secret
works "the ACL's secret" login && logout >/dev/null
set_node username $user password $secret
fails "the portal group's secret is refused for the ACL" login

# attrib/authentication of an ACL, as the fabric iscsi has it
own=$acl/attrib/authentication
is "$(cat "$own")" -1 "an ACL has the portal group's authentication"
for value in 2 -2 yes ""; do fails "... and takes no '$value'" sh -c "echo '$value' >$own"; done
is "$(cat "$own")" -1 "... and keeps what it had"
echo 0 >"$own"
# with a name and a secret iscsid offers CHAP, whatever authmethod says
set_node authmethod None username "" password ""
works "an ACL that need not authenticate: a login without CHAP" login && logout >/dev/null
echo CHAP >"$tpg/param/AuthMethod"
works "... nor with AuthMethod=CHAP, which the fabric iscsi sets beside authentication=1" login && logout >/dev/null
echo CHAP,None >"$tpg/param/AuthMethod"
echo 0 >"$tpg/attrib/authentication"
echo 1 >"$own"
refused_once_more "an ACL that must authenticate, in a portal group that does not ask for it" "authentication required, but security stage skipped"
set_node authmethod CHAP username carol password carols-own-secret
works "... with CHAP" login && logout >/dev/null
echo -1 >"$own"
set_node authmethod None username "" password ""
works "... as the portal group says again" login && logout >/dev/null
echo 1 >"$tpg/attrib/authentication"
set_node authmethod CHAP username $user password $secret

echo 1 >"$CFS/iser/discovery_auth/enforce_discovery_auth"
fails "discovery must authenticate, and no secret is set" discover
auth_is "$CFS/iser/discovery_auth" dora discovery-secret
fails "discovery without CHAP" discover
sed -i -e '/^discovery.sendtargets.auth/d' /etc/iscsi/iscsid.conf
cat >>/etc/iscsi/iscsid.conf <<'EOT'
discovery.sendtargets.auth.authmethod = CHAP
discovery.sendtargets.auth.username = dora
discovery.sendtargets.auth.password = discovery-secret
EOT
works "discovery with CHAP" discover
sed -i 's/discovery-secret/discovery-guess/' /etc/iscsi/iscsid.conf
fails "discovery with a wrong secret" discover
echo 0 >"$CFS/iser/discovery_auth/enforce_discovery_auth"
auth_is "$CFS/iser/discovery_auth" NULL NULL
is "$(cat "$CFS/iser/discovery_auth/userid")" NULL "NULL removes a value"

plain() { setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$@"; }
for file in "$tpg/auth/password" "$tpg/auth/password_mutual" "$acl/auth/password" "$CFS/iser/discovery_auth/password"; do
	fails "${file#"$CFS"/iser/} cannot be read without CAP_SYS_ADMIN" plain cat "$file"
done
fails "... nor written" plain sh -c "echo x >$tpg/auth/password"
is "$(cat "$tpg/auth/password")" "$secret" "... and keeps its value"
is "$(dmesg | grep -cE 'one-way-secret|wrong-secret|not-what|the-other|carols-own|discovery-(secret|guess)')" 0 "no secret in the log"

stop_initiator
works "all is removed" remove_all
done_testing
