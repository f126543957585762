# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of README.md and the user guide that need no guest. Sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/testing/host.sh
. "$here/../host.sh"
cd "$TOP" || exit
# shellcheck disable=SC2034 # for those who source this
documents=(README.md Documentation/user-guide.md)

# marked DOCUMENT MARK : the files with its blocks of that mark, in order
marked() { "$here/../blocks" "$1" "$work/blocks" | sed -n "s|^\\([0-9]*\\) $2\$|$work/blocks/\\1|p"; }
