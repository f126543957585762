/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The headers that the protocol code depends on, in the kernel and in user
 * space. Nothing in iscsi/ includes any other system header.
 */
#ifndef ISER_TGT_ISCSI_BASE_H
#define ISER_TGT_ISCSI_BASE_H

#ifdef __KERNEL__

#include <crypto/utils.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#include "../compat.h"

#else

#include "userspace.h"

#endif

#endif
