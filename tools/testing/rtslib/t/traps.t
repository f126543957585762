#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What rtslib does to a fabric that it can load, and to one that it cannot, by both of its names.

. "$(dirname "$0")/../lib.sh"

site=$(with_rtslib "$work/with")
works "the plug-in is installed" "$PLUGIN/install" "$site"
traps "$work/with/bin/python3"
done_testing
