// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers for the data of commands: the receive buffer of immediate data, a
 * buffer that stays mapped, or pages that the core allocates.
 */

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include <target/target_core_base.h>

#include "../compat.h"
#include "../rdma/rdma.h"
#include "blocking.h"
#include "cmd.h"
#include "data.h"
#include "session.h"

/* The direction in which a command only moves blocks, DMA_NONE for all others. */
static enum dma_data_direction iser_tgt_moves(const u8 *cdb)
{
	switch (cdb[0]) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
		return DMA_FROM_DEVICE;
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
	case WRITE_ATOMIC_16:
	case WRITE_VERIFY:
	case WRITE_VERIFY_12:
	case WRITE_VERIFY_16:
		return DMA_TO_DEVICE;
	case VARIABLE_LENGTH_CMD:
		switch (get_unaligned_be16(&cdb[8])) {
		case READ_32:
			return DMA_FROM_DEVICE;
		case WRITE_32:
		case WRITE_VERIFY_32:
			return DMA_TO_DEVICE;
		}
		return DMA_NONE;
	default:
		return DMA_NONE;
	}
}

/*
 * Commands that only move blocks, so that the backstore fills all of the buffer.
 * Pass-through backends (pscsi, tcmu) may transfer less and require order-0
 * pages.
 */
static bool iser_tgt_moves_blocks(const struct se_cmd *se_cmd)
{
	const u32 flags = se_cmd->se_cmd_flags;

	if (!(flags & SCF_SCSI_DATA_CDB) ||
	    (flags & (SCF_COMPARE_AND_WRITE | SCF_BIDI | SCF_OVERFLOW_BIT)) ||
	    (se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH))
		return false;

	return iser_tgt_moves(se_cmd->t_task_cdb) == se_cmd->data_direction;
}

static bool iser_tgt_writes_same(const u8 *cdb)
{
	return cdb[0] == WRITE_SAME || cdb[0] == WRITE_SAME_16 ||
	       (cdb[0] == VARIABLE_LENGTH_CMD &&
		get_unaligned_be16(&cdb[8]) == WRITE_SAME_32);
}

/* What moves data in both directions, or is to be compared with it. */
static bool iser_tgt_writes_too(const u8 *cdb)
{
	return cdb[0] == COMPARE_AND_WRITE || cdb[0] == XDWRITEREAD_10 ||
	       (cdb[0] == VARIABLE_LENGTH_CMD &&
		get_unaligned_be16(&cdb[8]) == XDWRITEREAD_32);
}

/**
 * iser_tgt_data_contradicts - whether the R and W bits are not those of the CDB
 * @se_cmd: the command, parsed by the core; not one for which
 *	iser_tgt_data_attach() returned true
 *
 * The core goes by the direction alone, which the initiator gives, where a LUN is
 * write protected or reserved. WRITE SAME that is said to read writes there.
 * Without data its opcode is that of an erasure for a tape; the core's disks do
 * not support it, and a pass-through device would be written past the protection.
 *
 * Return: true if it must not be executed.
 */
bool iser_tgt_data_contradicts(const struct se_cmd *se_cmd)
{
	struct se_device *dev = se_cmd->se_dev;
	const u8 *cdb = se_cmd->t_task_cdb;

	switch (se_cmd->data_direction) {
	case DMA_TO_DEVICE:
		return iser_tgt_moves(cdb) == DMA_FROM_DEVICE;
	case DMA_FROM_DEVICE:
		return iser_tgt_moves(cdb) == DMA_TO_DEVICE ||
		       iser_tgt_writes_too(cdb) || iser_tgt_writes_same(cdb);
	default:
		return iser_tgt_writes_same(cdb) &&
		       dev->transport->get_device_type(dev) != TYPE_TAPE;
	}
}

/*
 * Backstores require that an entry ends at the end of a block. An AHS in front
 * of the data would misalign it. An atomic write may not be split, as some disks
 * have it where a page is not filled.
 */
static bool iser_tgt_imm_in_place(const struct iser_tgt_cmd *cmd, u32 imm)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;

	if (unlikely(se_cmd->t_task_cdb[0] == WRITE_ATOMIC_16) &&
	    imm != se_cmd->data_length && !IS_ALIGNED(imm, PAGE_SIZE))
		return false;

	return !cmd->rx->pdu.ahs_len &&
	       IS_ALIGNED(imm, se_cmd->se_dev->dev_attrib.block_size);
}

/*
 * target_submit_prep() takes buffers of a fabric, but at a time when the length
 * of the data is not known yet. So they are stored where it would store them.
 */
static void iser_tgt_data_use(struct se_cmd *se_cmd, struct scatterlist *sg,
			      unsigned int nents)
{
	se_cmd->t_data_sg = sg;
	se_cmd->t_data_nents = nents;
	se_cmd->se_cmd_flags |= SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC;
}

/* Apart, so that READs save no registers for it. */
static noinline void iser_tgt_data_attach_write(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_conn *conn = cmd->sess->conn;
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u32 imm = min(cmd->imm_len, se_cmd->data_length);
	u32 rest = se_cmd->data_length;
	struct iser_tgt_sgl sgl = { .sg = &cmd->sg };

	if (imm && iser_tgt_imm_in_place(cmd, imm)) {
		sgl = iser_tgt_rx_sgl(cmd->rx, imm);
		rest -= imm;
		imm = 0;
	}
	if (rest) {
		if (unlikely(rest > iser_tgt_conn_fetch_max(conn)))
			return;
		cmd->buf = iser_tgt_data_get(conn, rest);
		if (!cmd->buf)
			return;
		cmd->buf_skip = imm;
		sg_set_page(&sgl.sg[sgl.nents++], cmd->buf->page, rest, 0);
	}
	if (imm)
		iser_tgt_rx_copy(cmd->rx, cmd->rx->pdu.ahs_len,
				 page_address(cmd->buf->page), imm);
	sg_mark_end(&sgl.sg[sgl.nents - 1]);
	iser_tgt_data_use(se_cmd, sgl.sg, sgl.nents);
}

static inline void iser_tgt_data_attach_read(struct iser_tgt_cmd *cmd)
{
	struct iser_tgt_conn *conn = cmd->sess->conn;
	struct se_cmd *se_cmd = &cmd->se_cmd;

	/* The core may free pages of its own while they are being sent. */
	if (iser_tgt_conn_completes_early(conn))
		return;
	cmd->buf = iser_tgt_data_get(conn, se_cmd->data_length);
	if (!cmd->buf)
		return;
	/* The only entry: marked as the end since the context was made. */
	sg_set_page(&cmd->sg, cmd->buf->page, se_cmd->data_length, 0);
	iser_tgt_data_use(se_cmd, &cmd->sg, 1);
}

/**
 * iser_tgt_data_attach - give a command buffers of ours, if it can use them
 * @cmd: a command that the core has parsed, before it is submitted
 *
 * Context: process.
 * Return: true if the command only moves blocks.
 */
bool iser_tgt_data_attach(struct iser_tgt_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;

	if (!se_cmd->data_length || !iser_tgt_moves_blocks(se_cmd))
		return false;
	/* The device registers data and protection together, by pages. */
	if (unlikely(cmd->sess->pis && se_cmd->prot_op != TARGET_PROT_NORMAL))
		return true;

	if (se_cmd->data_direction == DMA_FROM_DEVICE)
		iser_tgt_data_attach_read(cmd);
	else
		iser_tgt_data_attach_write(cmd);
	return true;
}

/**
 * iser_tgt_data_ends_in_block - whether a READ has room for a part of its last block
 * @se_cmd: the command, parsed by the core
 *
 * iblock reads whole sectors and leaves the rest of its buffer as it is: pages of
 * the core, which are not zeroed for READs. A fileio backstore reads bytes, and
 * pass-through backstores say how much they have read.
 *
 * Return: true if iser_tgt_data_whole_blocks() has to be called.
 */
bool iser_tgt_data_ends_in_block(const struct se_cmd *se_cmd)
{
	const struct se_device *dev = se_cmd->se_dev;

	return se_cmd->se_cmd_flags & SCF_SCSI_DATA_CDB &&
	       se_cmd->data_direction == DMA_FROM_DEVICE &&
	       !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH) &&
	       !iser_tgt_is_fileio(dev) &&
	       !IS_ALIGNED(se_cmd->data_length, dev->dev_attrib.block_size);
}

/**
 * iser_tgt_data_whole_blocks - have the last block of a READ read as a whole
 * @se_cmd: a READ for which iser_tgt_data_ends_in_block() is true, its pages
 *	allocated by the core
 *
 * Each entry is a page, and the last one has room for a block. What is sent is
 * bounded by data_length.
 */
void iser_tgt_data_whole_blocks(struct se_cmd *se_cmd)
{
	u32 block = se_cmd->se_dev->dev_attrib.block_size;
	struct scatterlist *last = sg_last(se_cmd->t_data_sg,
					   se_cmd->t_data_nents);
	u32 len = ALIGN(last->length, block);

	if (!WARN_ON_ONCE(last->offset + len > PAGE_SIZE))
		last->length = len;
}

/**
 * iser_tgt_data_copy_immediate - copy immediate data to the core's pages
 * @cmd: a WRITE without buffers of ours
 *
 * Context: process.
 */
void iser_tgt_data_copy_immediate(struct iser_tgt_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	size_t pos = cmd->rx->pdu.ahs_len;
	u32 left = min(cmd->imm_len, se_cmd->data_length);
	struct sg_mapping_iter iter;

	sg_miter_start(&iter, se_cmd->t_data_sg, se_cmd->t_data_nents,
		       SG_MITER_TO_SG);
	while (left && sg_miter_next(&iter)) {
		size_t len = min_t(size_t, left, iter.length);

		iser_tgt_rx_copy(cmd->rx, pos, iter.addr, len);
		pos += len;
		left -= len;
	}
	sg_miter_stop(&iter);
}
