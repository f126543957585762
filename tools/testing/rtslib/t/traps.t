#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What rtslib does to a fabric that it can load, and to one that it cannot, by both of its names.

. "$(dirname "$0")/../lib.sh"

all_traps() {
	local site
	site=$(with_rtslib "$home/with") || bail "a Python with rtslib"
	works "the plug-in is installed" "$PLUGIN/install" "$site"
	traps "$home/with/bin/python3"
}
each_rtslib all_traps
done_testing
