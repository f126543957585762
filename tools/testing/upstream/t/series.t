#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make upstream for the newest kernel in Debian's archive: the series applies; the driver builds with W=1 and sparse without a warning, each
# layer from earlier patches only; checkpatch --strict, kernel-doc and the checkers of ABI and documents find nothing but a planted fault.
# all: the newest kernel's checkers take minutes

. "$(dirname "$0")/../../host.sh"
cd "$TOP" || exit
[ -n "${ISER_TGT_DEPS:-}" ] || "$VM_DIR/deps"

line=$(for name in $(known_lines); do [ "$name" = debug ] || echo "$(kernel_release "$name") $name"; done | sort -V -s -r -k1,1 | sed -n '1s/.* //p')
rel=$(kernel_release "$line")
linux=$(kernel_source "$line") && kernel_dir "$rel" >/dev/null && root_of lint >/dev/null || bail "no kernel of Debian $line"
note "kernel $rel"
driver=drivers/infiniband/ulp/iser_target

# found TEXT FINDINGS FAULT : the findings are those about the planted fault
found() {
	local rest
	rest=$(grep -v planted <<<"$2")
	if ! grep -qE "planted.*($3)" <<<"$2"; then not_ok "$1" "the planted fault was not found:" "$(tail -n 10 <<<"$2")"; else is "$rest" "" "$1"; fi
}

# --- the series ---
export GIT_COMMITTER_NAME="A Developer" GIT_COMMITTER_EMAIL=developer@example.org
export GIT_AUTHOR_NAME=$GIT_COMMITTER_NAME GIT_AUTHOR_EMAIL=$GIT_COMMITTER_EMAIL
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=commit.gpgSign GIT_CONFIG_VALUE_0=false
fails "make upstream without a Linux tree" make -s upstream DIR="$work" OUT="$work/none"
works "make upstream" make -s upstream DIR="$linux" OUT="$work/series" || bail "no series"
mapfile -t patches < <(find "$work/series" -name '*.patch' ! -name '0000-*' | sort)
like "$(cat "$work/series/0000-cover-letter.patch")" " ${#patches[@]}\):|files changed, [0-9]+ insertions" "a cover letter for ${#patches[@]} patches, with what they change"
is "$(grep -c '\*\*\*' "$work/series/0000-cover-letter.patch")" 0 "... and nothing left to fill in"

cp -r "$linux" "$work/linux"
cd "$work/linux" || exit
git init -q && git add . && git commit -q -m "linux $rel"
base=$(git rev-parse HEAD)
works "git am takes it" git am -q --whitespace=error-all "${patches[@]}" || bail "it does not apply"
fails "make upstream for a tree that has it" make -s -C "$TOP" upstream DIR="$work/linux" OUT="$work/none"
mapfile -t files < <(git diff --name-only "$base")
mapfile -t code < <(printf '%s\n' "${files[@]}" | grep "^$driver/.*\\.[ch]\$")

# --- what it has and what not ---
ours=$(cd "$TOP" && git ls-files -co --exclude-standard 'drivers/iser_target/*.[ch]' | while read -r file; do [ ! -e "$file" ] || echo "${file#drivers/iser_target/}"; done)
is "$(diff <(printf '%s\n' "${code[@]#"$driver/"}" | sort) <(sort <<<"$ours") | sed -n 's/^[<>]/&/p')" \
	"$(printf '> %s\n' compat.h compat/crypto/utils.h compat/linux/unaligned.h iscsi/userspace.h)" "the driver's ${#code[@]} files, and none that is for here only"
words='compat\.h|LINUX_VERSION_CODE|KERNEL_VERSION\(|RHEL_RELEASE|ISER_TGT_LACKS|ISER_TGT_HAS_|__KERNEL__|userspace|rtslib|only here|KBUILD_EXTMOD|/compat$'
is "$(git grep -nE "$words" -- "${files[@]}" ':!MAINTAINERS' ':!drivers/infiniband/Kconfig')" "" "no word of older kernels, of user space's side or of rtslib"
like "$(cd "$TOP" && git grep -ohE "$words" -- drivers Documentation | sort -u | paste -sd ' ')" 'ISER_TGT_LACKS.*compat.h.*only here.*rtslib' "... which are in what it was made from"
is "$(git log --format='%an <%ae>%n%(trailers:key=Signed-off-by,valueonly)' "$base.." | sed '/^$/d' | sort -u)" "A Developer <developer@example.org>" "whoever makes it signs it off"

# --- checkers ---
# checkpatch knows a kernel tree by these directories. Ignored: the spelling of RFC 7143's keys (CAMELCASE); macros that paste an attribute's
# name, and a wait that tests its condition twice (MACRO_ARG); a reminder of MAINTAINERS, which is tested below (FILE_PATH_CHANGES).
mkdir -p arch include fs init ipc kernel lib
sed 's/^+++ b.*$/&\n@@ -0,0 +1,1 @@\n+int planted;  /;/^+++/q' "${patches[0]}" >"$work/planted.patch"
found "checkpatch --strict" "$(in_root lint perl scripts/checkpatch.pl --strict --terse --no-summary -q \
	--ignore CAMELCASE,MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,FILE_PATH_CHANGES "${patches[@]}" "$work/planted.patch" 2>&1)" 'trailing whitespace'

planted_c planted >"$driver/planted.c"
found "kernel-doc" "$(in_root lint python3 tools/docs/kernel-doc -none -Wall "${code[@]}" "$driver/planted.c" 2>&1)" "'?unknown'? not described"
cp -r Documentation/ABI/testing "$work/abi"
printf 'What:\t\t/sys/planted\nDate:\t\tnever\n\nWhat:\t\t/sys/planted2\nDescription:\ttwo\n' >"$work/abi/planted"
found "ABI files" "$(in_root lint python3 tools/docs/get_abi.py --dir "$work/abi" validate 2>&1)" "doesn't have a description"

documents=$(printf '%s\n' "${files[@]}" | grep '\.rst$' | grep -v '/index\.rst$')
# shellcheck disable=SC2016 # what it is to find
printf 'A title\n==\n\nan `end that is missing\n' >"$work/planted.rst"
found "documents" "$(for file in $documents "$work/planted.rst"; do in_root lint python3 -m docutils --report=1 --halt=5 "$file" 2>&1 >/dev/null; done | grep -E '^[^ ]+:[0-9]+:')" 'without end-string'
is "$(for file in $documents; do grep -qx " *$(basename "$file" .rst)" "$(dirname "$file")/index.rst" || echo "$file"; done)" "" "... $(wc -w <<<"$documents") of them, in the index"
is "$(for file in $documents; do grep -ohE '\b(tools|configfs|Documentation|drivers|debian)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' "$file"; done | sort -u | while read -r name; do [ -e "$name" ] || echo "$name"; done)" \
	"" "... and the files they name are there"
commands=$(sed -nE 's/^    (\S.*)/\1/p' Documentation/infiniband/iser_target.rst)
is "$(while IFS= read -r command; do grep -qxF "    $command" "$TOP/README.md" || echo "$command"; done <<<"$commands")" "" "... and the guide's $(wc -l <<<"$commands") commands are those of README.md"

# --- MAINTAINERS, Kconfig ---
title='ISCSI EXTENSIONS FOR RDMA (ISER) TARGET FABRIC'
mapfile -t patterns < <(awk -v title="$title" '$0 == title { ours = 1 } !NF { ours = 0 } ours && /^F:/ { print $2 }' MAINTAINERS)
# shellcheck disable=SC2053 # a pattern
known() { local pattern; for pattern in "${patterns[@]}"; do [[ $1 != $pattern && $1 != ${pattern%/}/* ]] || return 0; done; return 1; }
is "$(for file in "${files[@]}"; do known "$file" || echo "$file"; done)" "$(git diff --name-only --diff-filter=M "$base")" "MAINTAINERS knows all but what was there before"
like "$(in_root lint perl scripts/get_maintainer.pl --no-tree --no-git --no-git-fallback --sections -f "$driver/main.c")" "A Developer <developer@example.org>|$title" "... and get_maintainer reads it"
is "$(grep -nE '^[A-Z0-9].{2}' MAINTAINERS | grep -vE '^[0-9]+:[A-Z]:' | grep -A 1 -B 1 -F "$title" | cut -d: -f2- | LC_ALL=C sort -c 2>&1)" "" "... in its place"
headers=$(headers_of "$rel")
config=$(kernel_dir "$rel")/headers$headers/.config
symbols=$(sed -nE 's/^\s(depends on|select) //p' "$driver/Kconfig" | grep -oE '\b[A-Z][A-Z0-9_]+\b' | sort -u)
is "$(for symbol in $symbols; do grep -qE "^CONFIG_$symbol=|^# CONFIG_$symbol is not set" "$config" || echo "$symbol"; done)" "" "Kconfig: ${symbols//$'\n'/ } are symbols of this kernel"

# --- the build: gcc and sparse look at each file once, with the headers of Debian's kernel ---
# shellcheck disable=SC2016 # make's own variable
printf 'include $(src)/Makefile\nobj-m += planted.o\n' >"$driver/Kbuild"
let_sparse_run "$rel" "$linux"
ROOT=lint works "it builds, W=1 C=1" in_kernel_root "$rel" make -C "$headers" M="$work/linux/$driver" -j2 -Otarget CONFIG_ISER_TARGET=m KCFLAGS=-g0 CONFIG_DEBUG_INFO_BTF_MODULES= \
	CC=gcc W=1 C=1 CF=-D__CHECK_ENDIAN__ modules
is "$(modinfo -F name "$driver/iser_tgt.ko")" iser_tgt "... as a module"
# not those about the kernel's own headers, or that its compiler was another
findings=$(grep -E '(warning|error):' "$OUT" | grep -vE '^/usr/(src|lib)/|objtool:|^Warning:|^warning: (the compiler|pahole version) differs')
found "... without a warning of gcc" "$findings" 'unused variable'
found "... or of sparse" "$findings" 'different address spaces'

# Each file is written by one patch, and what it includes by the same or an earlier one. So every layer compiles with the patches up to it.
git log --reverse --format=tformat:patch --name-only "$base.." | awk '/^patch$/ { n++ } /\// { print n, $0 }' >"$work/patch-of"
is "$(cut -d' ' -f2 "$work/patch-of" | sort)" "$(printf '%s\n' "${files[@]}" | grep / | sort)" "each file is written by one patch"
# shellcheck disable=SC2016 # perl's own variables
includes=$(find "$driver" -name '.*.o.cmd' -exec perl -ne '$c = $1 if m{^source_\S+ := (\S+\.c)$}; print "$c $1\n" if m{^  ([^/\s]\S*\.h)\b}' {} + | perl -pe '1 while s{[^/ ]+/\.\./}{}' | sort -u)
like "$includes" '^lio/[a-z_]+\.c rdma/[a-z_]+\.h$' "... uses $(wc -l <<<"$includes") headers"
is "$(awk -v at="$driver/" 'NR == FNR { patch[$2] = $1; next } patch[at $2] == 0 || patch[at $2] > patch[at $1]' "$work/patch-of" - <<<"$includes")" "" "... and each is there by then"
done_testing
