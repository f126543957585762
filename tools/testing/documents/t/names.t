#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What README.md, the user guide and the other documents name is there: files, folders, make's goals, manual pages, what the driver says; blocks
# of commands are marked; the examples need no more than mkdir, echo and ln.

. "$(dirname "$0")/../lib.sh"

# --- files and folders of the checkout, in backquotes or in a block ---
for doc in README.md CONTRIBUTING.md SECURITY.md Documentation/*.md; do
	# shellcheck disable=SC2016 # backquotes to look for
	names=$(grep -oE '`[^` ]+`' "$doc" | tr -d '`' | grep -E '^(tools|configfs|Documentation|drivers|debian)/' | grep -v '[<*]' | sort -u)
	missing=$(for name in $names; do [ -e "$name" ] || echo "$name"; done)
	is "$missing" "" "$doc: the $(wc -w <<<"$names") files it names are there"
done
# shellcheck disable=SC2016 # backquotes to look for
{
	functions=$(grep -ohE '`iser_tgt_[a-z0-9_]+\(\)`' Documentation/*.md | tr -d '`()' | sort -u)
	sources=$(grep -ohE '`(rdma|lio|iscsi)/[a-z_]+\.[ch]`' Documentation/*.md | tr -d '`' | sort -u)
	values=$(grep -ohE '`(attrib|param)/[A-Za-z0-9_]+`' README.md SECURITY.md Documentation/*.md | tr -d '`' | sort -u)
}
if [ "$(wc -w <<<"$functions $sources $values")" -gt 30 ]; then ok "documents name functions, sources, files of configfs"; else not_ok "documents name some" "$functions"; fi
is "$(for name in $functions; do grep -rqE "\b$name\(" drivers || echo "$name"; done)" "" "... the functions are there"
is "$(for name in $sources; do [ -e "drivers/iser_target/$name" ] || echo "$name"; done)" "" "... the sources too"
is "$(for name in $values; do grep -q "/$name\$" Documentation/ABI/testing/* || echo "$name"; done)" "" "... and the files are described"
folders=$(marked README.md 'not run: a list of folders')
is "$(wc -w <<<"$folders")" 1 "README.md lists folders"
# the layers stand below the line of the module
listed=$(sed -nE -e 's|^ {6}(\S+/) .*|drivers/iser_target/\1|p' -e 's|^    (\S.*)||' -e 's|^([a-zA-Z]\S*/)( .*)?$|\1|p' "$folders")
listed+=$(printf '\n%s' tools/testing/unit tools/testing/fuzz)
missing=$(for name in $listed; do [ -d "$name" ] || echo "$name"; done)
if [ "$(wc -w <<<"$listed")" -gt 12 ]; then is "$missing" "" "... and they are there"; else not_ok "... and there are some" "$listed"; fi
forgotten=$(find tools/testing -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | while read -r name; do grep -q "[/ ]${name}[/,]" "$folders" || echo "$name"; done)
is "$forgotten" "" "... and so are all that have tests"

# --- make ---
goals=$(cat README.md CONTRIBUTING.md Documentation/*.md | grep -oE '(^    |`|&& |== )make( +[a-z][a-z-]*)?' | grep -oE 'make.*' | awk '{ print $2 }' | sort -u)
if [ "$(wc -w <<<"$goals")" -gt 8 ]; then ok "documents name goals of make: ${goals//$'\n'/ }"; else not_ok "documents name goals of make" "$goals"; fi
for goal in $goals; do
	works "make $goal is one" grep -qE "^([a-z-]+ )*$goal( [a-z-]+)*:" Makefile
done
works "make help" make help
help=$(cat "$OUT")
for goal in $goals; do [ "$goal" = help ] || like "$help" "\b$goal\b" "... tells of $goal"; done

# --- manual pages and programs ---
while read -r page; do
	works "manual page $page, which another names" test -e "Documentation/man/$page"
done < <(sed -nE 's/^\.BR "?((iser|targetcli-iser)[a-z_-]*)( |\\).*\(([478])\).*/\1.\4/p' Documentation/man/* | sort -u)

# --- parameters of the module ---
parameters=$(grep -rhoE '\bmodule_param(_cb)?\(\w+' drivers | sed 's/.*(//' | sort)
is "$(sed -nE '/^.SH PARAMETERS/,/^.SH FILES/s/^\.BR? ([a-z_]+)( \*)?$/\1/p' Documentation/man/iser_tgt.4 | sort)" "$parameters" "iser_tgt(4) has all parameters"
writable=$(grep -rhoE '\bmodule_param(\(\w+, \w+|_cb\(\w+, &\w+, &\w+), 0644' drivers | sed 's/.*(//; s/,.*//' | sort)
is "$(sed -nE '/^.SH PARAMETERS/,/^.SH FILES/s/^\.BR ([a-z_]+) \*$/\1/p' Documentation/man/iser_tgt.4 | sort)" "$writable" "... and marks those that can be written"

# --- what the driver says, and what to do about it ---
# shellcheck disable=SC2016 # backquotes to look for
reasons=$(sed -nE '/^## Login is refused/,/^## /s/^\| `([^`]+)` \|.*/\1/p' Documentation/troubleshooting.md)
if [ "$(wc -l <<<"$reasons")" -ge 8 ]; then ok "reasons of refused logins"; else not_ok "reasons of refused logins" "$reasons"; fi
while IFS= read -r reason; do works "... \"$reason\" is one" grep -rqF "\"$reason\"" drivers; done <<<"$reasons"
for word in 'keepalive timeout' 'still waiting for' 'waiting: address' 'waiting: device' 'error: port in use'; do
	works "\"$word\" is what it says" grep -rqF "$word" drivers
	works "... and troubleshooting tells of it" grep -qF "$word" Documentation/troubleshooting.md
done

# --- secrets: every user sees the arguments of a program ---
is "$(grep -nE '^(    )?targetcli .*password=' README.md Documentation/*.md Documentation/man/*)" "" "no command of the documents gives targetcli a secret as an argument"

# --- examples ---
for example in configfs/examples/*.sh; do
	allowed='mkdir|echo|ln|cd|set|modprobe|:|\[|for|do|done|\w+=.*'
	case $example in */tear-down.sh) allowed+='|rm|rmdir|continue' ;; esac
	used=$(sed -e '/^[[:space:]]*#/d' -e 's/\(&&\|||\|;\|\<do\>\)/\n/g' "$example" | awk 'NF { print $1 }' | sort -u)
	is "$(grep -vxE "$allowed" <<<"$used")" "" "${example##*/} uses nothing but ${used//$'\n'/ }"
done

# --- marks ---
for doc in "${documents[@]}"; do
	is "$("$here/../blocks" "$doc" "$work/blocks" | grep -vE '^[0-9]+ (run: (server|initiator|checkout|packages)|run in: \S+|not run: .+)$')" "" \
		"$doc: every block of commands is marked"
done
is "$("$here/../blocks" Documentation/high-availability.md "$work/blocks" |
	grep -vE '^[0-9]+ (run: (both|a|initiator|initiator after a power cut)|file: \S+ on (both|a|initiator)|not run: .+)$')" "" \
	"high-availability.md: every block of commands is marked"
done_testing
