#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tgt-to-iser reads a configuration as Debian's tgt-admin does: each file of tgt/ is given to a tgtd, without a kernel, and to the converter, and both
# have the same LUNs, sizes, modes and ACLs. Lines in the files say what is expected besides:
#	#: REGEX	this is said
#	#! CHANGE	the conversion stops with status 3 until --accept names this change
#	#= EXPRESSION	is true of the result; see compare
#	#?		tgt-admin takes this malformed file
#	#-		tgtd cannot serve this

. "$(dirname "$0")/../lib.sh"

cd "$here" || exit
files=(tgt/*.conf) malformed=(tgt/malformed/*.conf)
works "Debian's tgtd" root_of tgt || bail "no tgtd"
mkdir "$work/made"
works "all files are read by tgtd and by tgt-to-iser" with_tgt ./in-tgt "$work/made" "${files[@]}" "${malformed[@]}"
name() { echo "$work/made/${1//\//-}"; }
status() { cat "$(name "$1").$2.status"; }
# unsaid FILE RESULT : the messages that were expected and did not come
unsaid() {
	local line
	expected "$1" : | while IFS= read -r line; do grep -qE -- "$line" "$(name "$1").$2.err" || echo "$line"; done
}
# same FILE RESULT EXPRESSION CHANGES : what tgt-to-iser made is what tgtd has
same() { ./compare "$(name "$1").show" "$(name "$1").$2.json" "$3" "$4"; }

if [ ${#files[@]} -ge 30 ] && [ ${#malformed[@]} -ge 15 ]; then ok "${#files[@]} files, ${#malformed[@]} malformed ones"; else not_ok "all files"; fi
for file in "${files[@]}"; do
	about=${file#tgt/}
	changes=$(expected "$file" '!') result=$(name "$file")
	is "$(grep -lE Traceback "$result".*.err)" "" "no traceback"
	is "$(unsaid "$file" conf)" "" "says what it should" || note "$(cat "$result.conf.err")"
	if [ -n "$changes" ]; then
		is "$(status "$file" conf): $(wc -c <"$result.conf.json")" "3: 0" "stops"
		is "$(sed -n 's/^tgt-to-iser: stopped, .*--accept \([a-z,-]*\) .*/\1/p' "$result.conf.err")" "$changes" "... and names the change to accept"
	else
		is "$(status "$file" conf)" 0 "is converted" || note "$(cat "$result.conf.err")"
	fi
	[ -z "$(expected "$file" -)" ] || continue
	is "$(status "$file" admin): $(grep -vE '^File .*already loaded|^ *(sg_|inquiry|read capacity|READ CAPACITY)' "$result.admin")" "0: " "tgt-admin takes it"
	is "$(status "$file" checked)" 0 "... and what tgtd serves is what the file says" || note "$(cat "$result.checked.err")"
	works "LUNs, sizes, modes and ACLs are those of tgtd" same "$file" checked "$(expected "$file" =)" "$changes"
	# what --show does not tell: the write cache; and it tells of no store that is not there
	is "$(status "$file" of-show)" 0 "tgt-admin --show is converted" || note "$(cat "$result.of-show.err")"
	works "... to the same" same "$file" of-show "" "$changes"
	case $about in
	plain.conf|order-by-path.conf|address-of-all.conf|accounts.conf|comments.conf)
		is "$(status "$file" of-dump)" 0 "tgt-admin --dump is converted, if that is accepted" || note "$(cat "$result.of-dump.err")"
		works "... to the same" same "$file" of-dump "" "" ;;
	esac
done
for file in "${malformed[@]}"; do
	about=${file#tgt/}
	is "$(status "$file" conf): $(cat "$(name "$file").conf.json")" "1: " "is refused"
	is "$(unsaid "$file" conf)" "" "... with file and line" || note "$(cat "$(name "$file").conf.err")"
	grep -qE '^#: .*\.conf:[0-9 ]' "$file" || not_ok "nothing is expected of it"
	fails "... no traceback" grep Traceback "$(name "$file").conf.err"
	if [ -z "$(sed -n '/^#?/p' "$file")" ]; then fails "... and by tgt-admin" [ "$(status "$file" admin)" = 0 ]; fi
done
about=
done_testing
