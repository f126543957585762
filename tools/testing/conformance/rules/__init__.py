# SPDX-License-Identifier: GPL-2.0
"""One function a rule, named by RFC and section; its docstring is the rule."""

MODULES = ("connect", "login", "keys", "discovery", "nop", "scsi", "data", "tasks", "numbering",
MODULES = ("connect", "login", "keys", "discovery", "nop", "scsi", "data", "splits", "poison", "tasks", "numbering",
           "rejects", "logout", "keepalive", "asynchronous", "hello", "hostile_login", "hostile")
