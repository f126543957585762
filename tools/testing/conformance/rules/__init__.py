# SPDX-License-Identifier: GPL-2.0
"""One function per rule, named by RFC and section; its docstring states the rule."""

MODULES = ("connect", "login", "keys", "discovery", "nop", "scsi", "data", "tasks", "reservations", "numbering",
           "rejects", "logout", "keepalive", "asynchronous", "hello", "stalled", "hostile_login", "hostile")

# Longer suites, each with its own kind of disk, set up by tools/testing/vm/t/SUITE.t, "protection" by pi-device.t
SUITES = ("splits", "poison", "backstores", "core", "protection")
