# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of the converters that need no kernel. Sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/testing/host.sh
. "$here/../host.sh"
[ -n "${ISER_TGT_DEPS:-}" ] || "$VM_DIR/deps"
convert=$TOP/configfs/convert

# with_tgt command... : in the root with Debian's tgtd, as root of namespaces of its own; /srv is empty
with_tgt() {
	BINDS="--tmpfs /run --tmpfs /srv --unshare-user --uid 0 --gid 0 --unshare-net --unshare-pid --unshare-ipc --die-with-parent" in_root tgt "$@"
}
# expected FILE : what a configuration says of itself: MARK TEXT; see t/tgt.t
expected() { sed -n "s/^#$2 *//p" "$1" | tr -d '\r'; }
