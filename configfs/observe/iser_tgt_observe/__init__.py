# SPDX-License-Identifier: GPL-2.0
'''
Reads what the kernel module iser_tgt says of itself, for iser-tgt-exporter, iser-tgt-top and iser-tgt-doctor.

state.py reads configfs, debugfs and sysfs once. change.py compares two readings: rates, and quantiles of the time between them. blame.py says
from that what makes a session slow. metrics.py gives a reading to the library of Prometheus, screen.py is the table of iser-tgt-top.

Files and words that a module does not have are absent from a reading, never 0.
'''
