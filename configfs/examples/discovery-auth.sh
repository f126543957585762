#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Whoever asks which targets there are must authenticate. It holds for all targets below iser/, beside what each of them asks for at login.
# CHAP_NAME and CHAP_SECRET in the environment are the initiators'; TARGET_NAME and TARGET_SECRET, if set, the target's own.

set -e
name=${CHAP_NAME:-discovery}
: "${CHAP_SECRET:?the secret of the initiators, 12 characters or more}"

modprobe iser_tgt
mkdir -p /sys/kernel/config/target/iser
cd /sys/kernel/config/target/iser/discovery_auth

# the secrets before the door is shut: nobody is refused for want of one
echo "$name" >userid
echo "$CHAP_SECRET" >password
echo "${TARGET_NAME:-NULL}" >userid_mutual
echo "${TARGET_SECRET:-NULL}" >password_mutual
echo 1 >enforce_discovery_auth
