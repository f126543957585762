/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints. Each has the initiator's name and the number of the session, as
 * the file sessions has them; those of a task also its ITT, and LUN and opcode,
 * to be joined with the events of the target core. They take values, not objects
 * of a layer, so that all layers can use them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iser_tgt

#if !defined(ISER_TGT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define ISER_TGT_TRACE_H

#include <linux/dma-direction.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <linux/tracepoint.h>

#include "compat.h"

#ifdef ISER_TGT_LACKS_ASSIGN_STR
#define iser_tgt_assign_str(item, ...)	__assign_str(item, __VA_ARGS__)
#else
#define iser_tgt_assign_str(item, ...)	__assign_str(item)
#endif

#define iser_tgt_show_state(state)					\
	__print_symbolic(state, { 0, "connecting" }, { 1, "login" },	\
			 { 2, "live" }, { 3, "closing" })
#define iser_tgt_show_dir(dir)						\
	__print_symbolic(dir, { DMA_TO_DEVICE, "to-initiator" },	\
			 { DMA_FROM_DEVICE, "from-initiator" })

/* The state of a connection has changed; @why is "" unless it closes. */
TRACE_EVENT(iser_tgt_conn_state,
	    TP_PROTO(const struct sockaddr_storage *peer, const char *initiator,
		     u32 sid, int state, const char *why),
	    TP_ARGS(peer, initiator, sid, state, why),
	    TP_STRUCT__entry(__array(u8, peer, sizeof(struct sockaddr_in6))
		    __string(initiator, initiator)
		    __field(u32, sid)
		    __field(int, state)
		    __string(why, why)
	    ),
	    TP_fast_assign(memcpy(__entry->peer, peer, sizeof(struct sockaddr_in6));
		    iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->state = state;
		    iser_tgt_assign_str(why, why);
	    ),
	    TP_printk("peer=%pISpc initiator=%s sid=%u state=%s why=%s",
		      __entry->peer, __get_str(initiator), __entry->sid,
		      iser_tgt_show_state(__entry->state), __get_str(why))
);

/* A login has ended: in a session, or refused with @status for @why. */
TRACE_EVENT(iser_tgt_login,
	    TP_PROTO(const struct sockaddr_storage *peer, const char *initiator,
		     const char *target, u32 sid, u16 status, const char *why),
	    TP_ARGS(peer, initiator, target, sid, status, why),
	    TP_STRUCT__entry(__array(u8, peer, sizeof(struct sockaddr_in6))
		    __string(initiator, initiator)
		    __string(target, target)
		    __field(u32, sid)
		    __field(u16, status)
		    __string(why, why)
	    ),
	    TP_fast_assign(memcpy(__entry->peer, peer, sizeof(struct sockaddr_in6));
		    iser_tgt_assign_str(initiator, initiator);
		    iser_tgt_assign_str(target, target);
		    __entry->sid = sid;
		    __entry->status = status;
		    iser_tgt_assign_str(why, why);
	    ),
	    TP_printk("peer=%pISpc initiator=%s target=%s sid=%u status=%04x why=%s",
		      __entry->peer, __get_str(initiator), __get_str(target),
		      __entry->sid, __entry->status, __get_str(why))
);

/* A session has ended. */
TRACE_EVENT(iser_tgt_end,
	    TP_PROTO(const char *initiator, const char *target, u32 sid,
		     unsigned long age, u64 commands, const char *why),
	    TP_ARGS(initiator, target, sid, age, commands, why),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __string(target, target)
		    __field(u32, sid)
		    __field(unsigned long, age)
		    __field(u64, commands)
		    __string(why, why)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    iser_tgt_assign_str(target, target);
		    __entry->sid = sid;
		    __entry->age = age;
		    __entry->commands = commands;
		    iser_tgt_assign_str(why, why);
	    ),
	    TP_printk("initiator=%s target=%s sid=%u age=%lu commands=%llu why=%s",
		      __get_str(initiator), __get_str(target), __entry->sid,
		      __entry->age, __entry->commands, __get_str(why))
);

/* A SCSI command was received and has got a context. */
TRACE_EVENT(iser_tgt_cmd,
	    TP_PROTO(const char *initiator, u32 sid, u32 itt, u32 cmd_sn, u64 lun,
		     u8 opcode, u32 edtl, u32 immediate_data, bool immediate),
	    TP_ARGS(initiator, sid, itt, cmd_sn, lun, opcode, edtl, immediate_data,
		    immediate),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u32, itt)
		    __field(u32, cmd_sn)
		    __field(u64, lun)
		    __field(u8, opcode)
		    __field(u32, edtl)
		    __field(u32, immediate_data)
		    __field(bool, immediate)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->itt = itt;
		    __entry->cmd_sn = cmd_sn;
		    __entry->lun = lun;
		    __entry->opcode = opcode;
		    __entry->edtl = edtl;
		    __entry->immediate_data = immediate_data;
		    __entry->immediate = immediate;
	    ),
	    TP_printk("initiator=%s sid=%u itt=0x%08x cmdsn=%u lun=%llu opcode=0x%02x edtl=%u immediate_data=%u immediate=%d",
		      __get_str(initiator), __entry->sid, __entry->itt,
		      __entry->cmd_sn, __entry->lun, __entry->opcode,
		      __entry->edtl, __entry->immediate_data, __entry->immediate)
);

/*
 * The data of a command begins to move; that of a WRITE has moved. For a READ see
 * iser_tgt_sent. @opcode is 0 for CDBs of more than 32 bytes.
 */
DECLARE_EVENT_CLASS(iser_tgt_xfer,
		    TP_PROTO(const char *initiator, u32 sid, u32 itt, u64 lun, u8 opcode,
			     enum dma_data_direction dir, u32 len, int status),
		    TP_ARGS(initiator, sid, itt, lun, opcode, dir, len, status),
		    TP_STRUCT__entry(__string(initiator, initiator)
			    __field(u32, sid)
			    __field(u32, itt)
			    __field(u64, lun)
			    __field(u8, opcode)
			    __field(int, dir)
			    __field(u32, len)
			    __field(int, status)
		    ),
		    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
			    __entry->sid = sid;
			    __entry->itt = itt;
			    __entry->lun = lun;
			    __entry->opcode = opcode;
			    __entry->dir = dir;
			    __entry->len = len;
			    __entry->status = status;
		    ),
		    TP_printk("initiator=%s sid=%u itt=0x%08x lun=%llu opcode=0x%02x dir=%s len=%u status=%d",
			      __get_str(initiator), __entry->sid, __entry->itt,
			      __entry->lun, __entry->opcode,
			      iser_tgt_show_dir(__entry->dir), __entry->len,
			      __entry->status)
);

DEFINE_EVENT(iser_tgt_xfer, iser_tgt_xfer_post,
	     TP_PROTO(const char *initiator, u32 sid, u32 itt, u64 lun, u8 opcode,
		      enum dma_data_direction dir, u32 len, int status),
	     TP_ARGS(initiator, sid, itt, lun, opcode, dir, len, status));

DEFINE_EVENT(iser_tgt_xfer, iser_tgt_xfer_done,
	     TP_PROTO(const char *initiator, u32 sid, u32 itt, u64 lun, u8 opcode,
		      enum dma_data_direction dir, u32 len, int status),
	     TP_ARGS(initiator, sid, itt, lun, opcode, dir, len, status));

/* A transfer has to wait for entries of the send queue, or MRs. */
TRACE_EVENT(iser_tgt_xfer_wait,
	    TP_PROTO(const char *initiator, u32 sid, enum dma_data_direction dir,
		     u32 len),
	    TP_ARGS(initiator, sid, dir, len),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(int, dir)
		    __field(u32, len)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->dir = dir;
		    __entry->len = len;
	    ),
	    TP_printk("initiator=%s sid=%u dir=%s len=%u", __get_str(initiator),
		      __entry->sid, iser_tgt_show_dir(__entry->dir), __entry->len)
);

/* The core has completed a SCSI command: its response, not numbered yet. */
TRACE_EVENT(iser_tgt_response,
	    TP_PROTO(const char *initiator, u32 sid, u32 itt, u64 lun, u8 opcode,
		     u8 status, u32 residual, bool data_in),
	    TP_ARGS(initiator, sid, itt, lun, opcode, status, residual, data_in),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u32, itt)
		    __field(u64, lun)
		    __field(u8, opcode)
		    __field(u8, status)
		    __field(u32, residual)
		    __field(bool, data_in)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->itt = itt;
		    __entry->lun = lun;
		    __entry->opcode = opcode;
		    __entry->status = status;
		    __entry->residual = residual;
		    __entry->data_in = data_in;
	    ),
	    TP_printk("initiator=%s sid=%u itt=0x%08x lun=%llu opcode=0x%02x status=0x%02x residual=%u data_in=%d",
		      __get_str(initiator), __entry->sid, __entry->itt,
		      __entry->lun, __entry->opcode, __entry->status,
		      __entry->residual, __entry->data_in)
);

/* A PDU, a response for example, was given to the send queue with its numbers. */
TRACE_EVENT(iser_tgt_post,
	    TP_PROTO(const char *initiator, u32 sid, u8 opcode, u32 itt,
		     u32 stat_sn, u32 max_cmd_sn, u32 len, int status),
	    TP_ARGS(initiator, sid, opcode, itt, stat_sn, max_cmd_sn, len, status),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u8, opcode)
		    __field(u32, itt)
		    __field(u32, stat_sn)
		    __field(u32, max_cmd_sn)
		    __field(u32, len)
		    __field(int, status)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->opcode = opcode;
		    __entry->itt = itt;
		    __entry->stat_sn = stat_sn;
		    __entry->max_cmd_sn = max_cmd_sn;
		    __entry->len = len;
		    __entry->status = status;
	    ),
	    TP_printk("initiator=%s sid=%u pdu=0x%02x itt=0x%08x statsn=%u maxcmdsn=%u len=%u status=%d",
		      __get_str(initiator), __entry->sid, __entry->opcode,
		      __entry->itt, __entry->stat_sn, __entry->max_cmd_sn,
		      __entry->len, __entry->status)
);

/*
 * A response has been sent, and the data in front of it; at this moment if the
 * device has reported that, some time ago if it has reported a later one.
 */
TRACE_EVENT(iser_tgt_sent,
	    TP_PROTO(const char *initiator, u32 sid, u32 itt, bool reported,
		     int status),
	    TP_ARGS(initiator, sid, itt, reported, status),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u32, itt)
		    __field(bool, reported)
		    __field(int, status)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->itt = itt;
		    __entry->reported = reported;
		    __entry->status = status;
	    ),
	    TP_printk("initiator=%s sid=%u itt=0x%08x reported=%d status=%d",
		      __get_str(initiator), __entry->sid, __entry->itt,
		      __entry->reported, __entry->status)
);

/* A task management function was received. */
TRACE_EVENT(iser_tgt_tmf,
	    TP_PROTO(const char *initiator, u32 sid, u32 itt, u8 function, u64 lun,
		     u32 ref_itt),
	    TP_ARGS(initiator, sid, itt, function, lun, ref_itt),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u32, itt)
		    __field(u8, function)
		    __field(u64, lun)
		    __field(u32, ref_itt)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->itt = itt;
		    __entry->function = function;
		    __entry->lun = lun;
		    __entry->ref_itt = ref_itt;
	    ),
	    TP_printk("initiator=%s sid=%u itt=0x%08x function=%u lun=%llu ref_itt=0x%08x",
		      __get_str(initiator), __entry->sid, __entry->itt,
		      __entry->function, __entry->lun, __entry->ref_itt)
);

/* ... and is answered. */
TRACE_EVENT(iser_tgt_tmf_response,
	    TP_PROTO(const char *initiator, u32 sid, u32 itt, u8 response),
	    TP_ARGS(initiator, sid, itt, response),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u32, itt)
		    __field(u8, response)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->itt = itt;
		    __entry->response = response;
	    ),
	    TP_printk("initiator=%s sid=%u itt=0x%08x response=%u",
		      __get_str(initiator), __entry->sid, __entry->itt,
		      __entry->response)
);

/* A PDU was received and is handled later, for a reason. */
TRACE_EVENT(iser_tgt_park,
	    TP_PROTO(const char *initiator, u32 sid, u8 opcode, u32 itt, u32 cmd_sn,
		     const char *why),
	    TP_ARGS(initiator, sid, opcode, itt, cmd_sn, why),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u8, opcode)
		    __field(u32, itt)
		    __field(u32, cmd_sn)
		    __string(why, why)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->opcode = opcode;
		    __entry->itt = itt;
		    __entry->cmd_sn = cmd_sn;
		    iser_tgt_assign_str(why, why);
	    ),
	    TP_printk("initiator=%s sid=%u pdu=0x%02x itt=0x%08x cmdsn=%u why=%s",
		      __get_str(initiator), __entry->sid, __entry->opcode,
		      __entry->itt, __entry->cmd_sn, __get_str(why))
);

/* The window of a session has changed. */
TRACE_EVENT(iser_tgt_window,
	    TP_PROTO(const char *initiator, u32 sid, u32 window, u32 most,
		     u32 max_cmd_sn),
	    TP_ARGS(initiator, sid, window, most, max_cmd_sn),
	    TP_STRUCT__entry(__string(initiator, initiator)
		    __field(u32, sid)
		    __field(u32, window)
		    __field(u32, most)
		    __field(u32, max_cmd_sn)
	    ),
	    TP_fast_assign(iser_tgt_assign_str(initiator, initiator);
		    __entry->sid = sid;
		    __entry->window = window;
		    __entry->most = most;
		    __entry->max_cmd_sn = max_cmd_sn;
	    ),
	    TP_printk("initiator=%s sid=%u window=%u most=%u maxcmdsn=%u",
		      __get_str(initiator), __entry->sid, __entry->window,
		      __entry->most, __entry->max_cmd_sn)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
