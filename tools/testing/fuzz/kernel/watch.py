# SPDX-License-Identifier: GPL-2.0
"""Findings, and the kernel's messages while a fuzzer of this directory runs."""

import os
import re
import subprocess
import time

KERNEL_LOG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../vm/kernel-log.sh")


class Found(Exception):
    """What the fuzzer is for."""


class KernelLog:
    """The kernel's messages as they appear."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)
        with open(KERNEL_LOG, encoding="utf-8") as f:
            self.dirt = re.compile(re.search(r"^dirt='(.*)'$", f.read(), re.M).group(1))

    def say(self, text):
        os.write(self.fd, f"fuzz: {text}".encode())

    def look(self):
        dirty = False
        while True:
            try:
                record = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                break
            except BrokenPipeError:
                continue
            dirty = dirty or bool(self.dirt.search(record))
        if dirty:
            # a report takes a while, and some are known ones of other modules
            time.sleep(3)
            text = subprocess.run(["bash", "-c", f". {KERNEL_LOG}; dmesg | without_known '' | grep -E -m 1 -A 40 \"$dirt\""],
                                  capture_output=True, text=True, check=False).stdout
            if text:
                raise Found("the kernel's log:\n" + text)
