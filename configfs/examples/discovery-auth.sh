#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Require authentication for discovery. Applies to all targets below iser/, in addition to the authentication of each target at login.
# CHAP_NAME and CHAP_SECRET in the environment are the initiators'; TARGET_NAME and TARGET_SECRET, if set, the target's own.

set -e
name=${CHAP_NAME:-discovery}
: "${CHAP_SECRET:?the secret of the initiators, 12 characters or more}"

modprobe iser_tgt
mkdir -p /sys/kernel/config/target/iser
cd /sys/kernel/config/target/iser/discovery_auth

# set the secrets first, so that no initiator is refused because they are missing
echo "$name" >userid
echo "$CHAP_SECRET" >password
echo "${TARGET_NAME:-NULL}" >userid_mutual
echo "${TARGET_SECRET:-NULL}" >password_mutual
echo 1 >enforce_discovery_auth
