#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make run from a fresh clone, as an ordinary user with a private home directory and an empty cache: without root, without a question, and
# all files it creates belong to the user. If this runs as root, the user exists only in this test.
# all: it fetches and makes everything that a fresh machine needs

. "$(dirname "$0")/../lib.sh"
chmod 711 "$work"
home=$work/home
mkdir -m 700 "$home"
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' >"$work/before"
git clone -q --no-hardlinks "$TOP" "$home/iser_tgt"
# uncommitted changes are tested as well
(cd "$TOP" && git ls-files -co --exclude-standard -z | tar -c --null --ignore-failed-read -T -) 2>/dev/null | tar -C "$home/iser_tgt" -x
uid=$(id -u) gid=$(id -g)
if [ "$uid" -eq 0 ]; then
	uid=4242 gid=4242
	for file in passwd group subuid subgid; do cp "/etc/$file" "$work/$file"; done
	echo "tester:x:$uid:$gid::$home:/bin/bash" >>"$work/passwd"
	echo "tester:x:$gid:" >>"$work/group"
	chown -R "$uid:$gid" "$home"
	as_user() {
		# shellcheck disable=SC2016
		unshare -m sh -ec 'work=$1; shift; for file in passwd group subuid subgid; do mount --bind "$work/$file" "/etc/$file"; done; exec "$@"' sh "$work" \
			setpriv --reuid="$uid" --regid="$gid" --clear-groups env -i HOME="$home" USER=tester LOGNAME=tester PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 \
			sh -c 'cd ~/iser_tgt && exec "$@"' sh "$@" </dev/null
	}
	fails "a user whose namespaces have no users" as_user tools/testing/vm/deps
	like "$(cat "$OUT")" 'as root: usermod --add-subuids [0-9]+-[0-9]+ --add-subgids [0-9]+-[0-9]+ tester$' "... is told what to type"
	echo tester:3000000:65536 | tee -a "$work/subuid" >>"$work/subgid"
else
	as_user() { (cd "$home/iser_tgt" && env -u ISER_TGT_CACHE HOME="$home" "$@" </dev/null); }
fi

works "the tools are there" as_user tools/testing/vm/deps --check || bail "tools for an ordinary user"
SECONDS=0
works "make run" as_user make run
note "$SECONDS s with an empty cache"
like "$(cat "$OUT")" '^ *result +all well' "... all is well"
is "$(grep -iE 'permission denied|not permitted|sudo' "$OUT")" "" "... nothing was out of reach"
SECONDS=0
works "make run again" as_user make run
note "$SECONDS s"
is "$(grep 'vm: building [a-z]*-' "$OUT")" "" "... makes nothing anew"
is "$(find "$home" -not -uid "$uid" -printf '%U %p\n' | head -n 5)" "" "all of it belongs to the user"
works "... who can remove it" as_user find "$home" -mindepth 1 -delete
is "$(find "$home" -mindepth 1 | head -n 5)" "" "... wholly"
works "the host's packages are those of before" diff "$work/before" <(dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n')
done_testing
