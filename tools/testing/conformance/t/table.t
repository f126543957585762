#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The conformance table: each keyword of the RFCs has a row, each row its tests, each rule a row, and the page is what is made of them. Then the
# same with faults planted in a copy: each of them is found. RFC_TEXT=DIRECTORY compares the index with the RFCs' text as well.

. "$(dirname "$0")/../../host.sh"
cd "$TOP" || exit
requirements=tools/testing/conformance/requirements

works "the table is whole" $requirements/table check
is "$($requirements/table open)" "" "... and no row waits for its test"
works "... the page is made of it" eval "$requirements/table page >$work/page.md"
works "... and is the one in Documentation: make conformance-table" cmp "$work/page.md" Documentation/conformance.md
if [ -n "${RFC_TEXT:-}" ]; then
	works "the index is that of the RFCs" $requirements/table check "$RFC_TEXT"
else
	skip "the index is that of the RFCs" "RFC_TEXT is not set"
fi

# --- what makes the index: sections, keywords that a line or a page divides, words that are none ---
{
	printf '   1. Overview .....1\n\n1.  Overview\n\n   A party MUST\n\n\nAuthor         Standards Track         [Page 1]\n\f\n'
	printf 'RFC 7143             iSCSI             April 2014\n\n   NOT do this.  It SHOULD\n   do that, as it must.  MUSTARD.\n\n'
	printf '1.1.  More\n\n   Nothing.\n\nAppendix A.  End\n\n   It is NOT RECOMMENDED and REQUIRED; a key SHALL NOT.\n'
} >"$work/text"
is "$($requirements/table index "$work/text" | grep -v '^#' | tr '\t' ' ')" "1 Overview
1 1 MUST NOT 5
1 2 SHOULD 12
A End
A 1 NOT RECOMMENDED 21
A 2 REQUIRED 21
A 3 SHALL NOT 21" "an index has each keyword with its section, number and line" || cat -A "$work/text"

# --- planted faults ---
copy=$work/copy
fresh() {
	rm -rf "$copy"
	mkdir -p "$copy/drivers/iser_target/iscsi" "$copy/tools/testing/conformance" "$copy/tools/testing/vm"
	cp -r $requirements tools/testing/conformance/rules "$copy/tools/testing/conformance/"
	cp -r drivers/iser_target/iscsi/tests "$copy/drivers/iser_target/iscsi/"
	cp -r tools/testing/vm/t tools/testing/vm/debug "$copy/tools/testing/vm/"
}
# finds TEXT PATTERN SED-SCRIPT FILE : after the change of a file of the conformance tests the check fails with a line that matches
finds() {
	fresh
	local file=$copy/tools/testing/conformance/$4
	cp "$file" "$work/before"
	sed -i -E "$3" "$file"
	if cmp -s "$file" "$work/before"; then not_ok "$1" "nothing was planted"; return; fi
	if "$copy/$requirements/table" check >"$OUT" 2>&1; then not_ok "$1" "the check succeeds"; return; fi
	like "$(cat "$OUT")" "$2" "$1"
}
fresh
works "a copy is whole as well" "$copy/$requirements/table" check
finds "a keyword that is in no row" '^rfc7143\.index: section 4\.2\.4, MUST number 6, line [0-9]+ of the text: in no row' '/^4\.2\.4\t6\t/d' requirements/rfc7143.tsv
finds "... or in two" 'section 4\.2\.4, MUST number 6, .*: in 2 rows' '/^4\.2\.4\t6\t/p' requirements/rfc7143.tsv
finds "... or no longer where it binds others" 'section 9\.5\.1, MUST number 1, .*: in no row' '/^9\.5\.1\t/d' requirements/rfc7145-others.tsv
finds "a number that the section does not have" 'section 4\.2\.4 of rfc7143 has no keyword 66' 's/^(4\.2\.4\t)6\t/\166\t/' requirements/rfc7143.tsv
finds "another word than the RFC's" 'the RFC says MUST, not SHOULD' 's/^(4\.2\.4\t6\t)MUST/\1SHOULD/' requirements/rfc7143.tsv
finds "a state that is none" 'no state is called held' 's/^(4\.2\.4\t6\tMUST\t)kept/\1held/' requirements/rfc7143.tsv
finds "a rule that does not exist" 'there is no test keys/rfc7143_13_2_max_connexions' 's|keys/rfc7143_13_2_max_connections|keys/rfc7143_13_2_max_connexions|' requirements/rfc7143.tsv
finds "... a unit test" 'there is no test test_keys/rfc7143_13_2_maximum' 's|test_keys/rfc7143_13_2_max_connections_minimum|test_keys/rfc7143_13_2_maximum|' requirements/rfc7143.tsv
finds "... a test in a guest" 'there is no test chop\.t' 's/chap\.t/chop.t/' requirements/rfc7143.tsv
finds "a row without a test" 'rfc7143\.tsv:[0-9]+: no test' 's/^(4\.2\.4\t6\t.*)\t[^\t]+\t$/\1\t-\t/' requirements/rfc7143.tsv
finds "what is not kept, without a word why" 'that is declined has a note' 's/^(12?\S*\t.*\tdeclined\t.*\t).*/\1/' requirements/rfc7143.tsv
finds "a line that is none" 'not 7 fields' 's/^(4\.2\.4\t6\tMUST)\t/\1 /' requirements/rfc7143.tsv
# shellcheck disable=SC2016 # sed's last line
{
	finds "a rule without a row" '^keys/rfc7143_13_2_another: no row names this rule' '$a\\n\ndef rfc7143_13_2_another(t):\n    """None."""' rules/keys.py
	finds "a rule without a docstring" '^keys/iser_tgt_another: a rule without a docstring' '$a\\n\ndef iser_tgt_another(t):\n    t.session()' rules/keys.py
}
fresh
sed -i 's/Reason 1 with an unknown CID/Reason 1 with another CID/' "$copy/tools/testing/conformance/rules/logout.py"
"$copy/$requirements/table" page >"$work/changed.md"
like "$(diff "$work/page.md" "$work/changed.md")" '^> .*Reason 1 with another CID' "a docstring that was changed changes the page"
done_testing
