# SPDX-License-Identifier: GPL-2.0
"""One function a rule, named by RFC and section; its docstring is the rule."""

MODULES = ("connect", "login", "keys", "discovery", "nop", "scsi", "data", "tasks", "numbering",
           "rejects", "logout", "keepalive", "asynchronous", "hello", "stalled", "hostile_login", "hostile")

# Longer ones, each with a disk of its own kind; tools/testing/vm/t/SUITE.t has it
SUITES = ("splits", "poison")
