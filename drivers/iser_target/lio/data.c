// SPDX-License-Identifier: GPL-2.0
/*
 * Where a command's data is: in the receive buffer it came in, in a buffer
 * that stays mapped, or in pages of the core's.
 */

#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>

#include "lio.h"

/*
 * Commands that move blocks and nothing else: the backstore fills all of it.
 * What passes commands on may fill less, and takes single pages only.
 */
static bool iser_tgt_moves_blocks(const struct se_cmd *se_cmd)
{
	const u32 flags = se_cmd->se_cmd_flags;

	if (!(flags & SCF_SCSI_DATA_CDB) ||
	    (flags & (SCF_COMPARE_AND_WRITE | SCF_BIDI | SCF_OVERFLOW_BIT)) ||
	    (se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH))
		return false;

	switch (se_cmd->t_task_cdb[0]) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
	case WRITE_VERIFY:
	case WRITE_VERIFY_16:
		return true;
	case VARIABLE_LENGTH_CMD:
		return get_unaligned_be16(&se_cmd->t_task_cdb[8]) == READ_32 ||
		       get_unaligned_be16(&se_cmd->t_task_cdb[8]) == WRITE_32;
	default:
		return false;
	}
}

/*
 * Backstores count in blocks, so an entry must end where a block does, and an
 * AHS in front of the data moves it off every boundary.
 */
static bool iser_tgt_imm_in_place(const struct iser_tgt_cmd *cmd, u32 imm)
{
	return !cmd->rx->pdu.ahs_len &&
	       IS_ALIGNED(imm, cmd->se_cmd.se_dev->dev_attrib.block_size);
}

static unsigned int iser_tgt_imm_sgl(struct iser_tgt_rx *rx, u32 left)
{
	u32 piece = iser_tgt_recv_piece(rx->queue->dev);
	unsigned int i;

	sg_init_table(rx->sg, ARRAY_SIZE(rx->sg));
	for (i = 0; left; i++) {
		u32 len = min(left, piece);

		sg_set_page(&rx->sg[i], rx->page[i], len, 0);
		left -= len;
	}
	return i;
}

/**
 * iser_tgt_data_attach - give a command buffers of ours, if they are for it
 * @cmd: a command the core has parsed, before it is submitted
 *
 * The core takes a fabric's buffers only with the CDB, when neither side knows
 * yet how long the data will be; so they are put where it would put them.
 *
 * Context: process.
 * Return: true if all the command does is to move blocks.
 */
bool iser_tgt_data_attach(struct iser_tgt_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u32 imm = min(cmd->imm_len, se_cmd->data_length);
	u32 rest = se_cmd->data_length;
	struct scatterlist *sg = &cmd->sg;
	unsigned int nents = 0;

	if (!rest || !iser_tgt_moves_blocks(se_cmd))
		return false;
	/* The device registers data and protection together, by pages. */
	if (unlikely(cmd->sess->sigs && se_cmd->prot_op != TARGET_PROT_NORMAL))
		return true;

	/* What is sent from these pages is the core's to free. */
	if (se_cmd->data_direction == DMA_FROM_DEVICE &&
	    !iser_tgt_xfer_done_is_sent(cmd->sess->conn))
		return true;

	if (imm && iser_tgt_imm_in_place(cmd, imm)) {
		sg = cmd->rx->sg;
		nents = iser_tgt_imm_sgl(cmd->rx, imm);
		rest -= imm;
		imm = 0;
	}
	if (rest) {
		cmd->chunk = iser_tgt_chunk_get(&cmd->sess->conn->vector->pool, rest);
		if (!cmd->chunk)
			return true;
		cmd->chunk_skip = imm;
		if (!nents)
			sg_init_table(sg, 1);
		sg_set_page(&sg[nents++], cmd->chunk->page, rest, 0);
	}
	if (imm)
		iser_tgt_rx_copy(cmd->rx, cmd->rx->pdu.ahs_len,
				 page_address(cmd->chunk->page), imm);
	sg_mark_end(&sg[nents - 1]);

	se_cmd->t_data_sg = sg;
	se_cmd->t_data_nents = nents;
	se_cmd->se_cmd_flags |= SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC;
	return true;
}

/**
 * iser_tgt_data_copy_immediate - immediate data into the core's own pages
 * @cmd: a WRITE that was given no buffers of ours
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
