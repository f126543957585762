/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What older kernels lack or name otherwise. The code is written for the newest;
 * without this file it is what the kernel's own tree would have. `make upstream`
 * drops it and takes what is defined here without a value as undefined. compat/
 * has the headers that older kernels lack; the compiler looks there last.
 *
 * Kernels of distributions have more than their version says. What can be seen
 * is looked for; where only the version can be asked, an answer that is too low
 * costs a feature, not the build.
 */
#ifndef ISER_TGT_COMPAT_H
#define ISER_TGT_COMPAT_H

#include <linux/slab.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* RHEL keeps an old number and brings new code: the compiler finds out. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) && !defined(RHEL_RELEASE_CODE)
#error "iser_tgt needs Linux 6.1 or later: install a newer kernel and its headers"
#endif

/* 7.0 */
#ifndef kzalloc_obj
#define kmalloc_obj(obj, gfp)	kmalloc(sizeof(obj), gfp)
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#define kvzalloc_obj(obj, gfp)	kvzalloc(sizeof(obj), gfp)
#endif

/* The string is known from __string(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define ISER_TGT_LACKS_ASSIGN_STR
#endif

/* The backstore attribute submit_type, and the fabric's default for it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define ISER_TGT_LACKS_SUBMIT_TYPE
#endif

/* The same for completions. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#define ISER_TGT_LACKS_COMPL_TYPE
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define WRITE_ATOMIC_16	0x9c
#endif

/* Bound workqueues do not say so. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define WQ_PERCPU	0
#endif

/* Whether a device needs DMA syncs could not be asked. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#include <linux/dma-mapping.h>
#define dma_dev_need_sync(dev)	((void)(dev), true)
#endif

/*
 * Soft-RoCE does not tell when a queue pair is done with a shared receive queue,
 * and completions may come after that.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define ISER_TGT_LACKS_RXE_SRQ_DRAIN
#endif

/*
 * An aborted command does not count as one that has ended, and ORDERED commands
 * wait for it. No kernel has the fix: configfs/upstream/linux, patch 8.
 */
#define ISER_TGT_LACKS_ABORTED_ENDS

/* Commands that an ORDERED one waits for are counted by a percpu_ref. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define ISER_TGT_LACKS_NON_ORDERED_REF
#endif

/*
 * rtslib reads and writes np/<portal>/iser, which it knows from ib_isert. No
 * kernel needs it.
 */
#define ISER_TGT_HAS_PORTAL_ISER

#endif
