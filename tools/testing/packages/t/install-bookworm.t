#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# install.t on Debian 12: kernels 6.12 and 6.1.
# all: a Debian with two kernels takes minutes to make, and a module is compiled in there five times

# shellcheck disable=SC2034 # for install.t
suite=bookworm
. "$(dirname "$0")/install.t"
