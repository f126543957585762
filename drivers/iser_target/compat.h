/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What older kernels lack or name otherwise. The code is written for the newest;
 * without this file it is what the kernel's own tree would have.
 *
 * Kernels of distributions have more than their version says. What can be seen
 * is looked for; where only the version can be asked, an answer that is too low
 * costs a feature, not the build.
 */
#ifndef ISER_TGT_COMPAT_H
#define ISER_TGT_COMPAT_H

#include <linux/slab.h>
#include <linux/version.h>

/* RHEL keeps an old number and brings new code: the compiler finds out. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) && !defined(RHEL_RELEASE_CODE)
#error "iser_tgt needs Linux 6.1 or later: install a newer kernel and its headers"
#endif

/* sparse 0.6.4 does not know it. */
#ifndef __has_include
#define __has_include(...)	\
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))
#endif

/* 6.12 */
#if __has_include("linux/unaligned.h")
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* 6.7 */
#if __has_include("crypto/utils.h")
#include <crypto/utils.h>
#else
#include <crypto/algapi.h>
#endif

/* 7.0 */
#ifndef kzalloc_obj
#define kmalloc_obj(obj, gfp)	kmalloc(sizeof(obj), gfp)
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#define kvzalloc_obj(obj, gfp)	kvzalloc(sizeof(obj), gfp)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define ISER_TGT_SUBMIT_OPS				\
	.direct_submit_supp = 1,			\
	.default_submit_type = TARGET_DIRECT_SUBMIT,
#define ISER_TGT_SUBMIT_TYPE(dev)	READ_ONCE((dev)->dev_attrib.submit_type)
#define ISER_TGT_SUBMIT_DIRECT		TARGET_DIRECT_SUBMIT
#define ISER_TGT_SUBMIT_QUEUE		TARGET_QUEUE_SUBMIT
#else
#define ISER_TGT_SUBMIT_OPS
#define ISER_TGT_SUBMIT_TYPE(dev)	((void)(dev), 0)
#define ISER_TGT_SUBMIT_DIRECT		1
#define ISER_TGT_SUBMIT_QUEUE		2
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#define ISER_TGT_COMPL_OPS				\
	.default_compl_type = TARGET_QUEUE_COMPL,
#else
#define ISER_TGT_COMPL_OPS
#endif

/* Whether soft-RoCE raises LAST_WQE_REACHED. */
#define ISER_TGT_RXE_LAST_WQE	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0))

#endif
