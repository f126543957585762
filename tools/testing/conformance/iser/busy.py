# SPDX-License-Identifier: GPL-2.0
"""A session with constant verified I/O, which knows the expected content of its disk: for faults on the initiator's side.

The state of each block is kept in a file, so that it outlives the process: the last write that was acknowledged, and a write whose
outcome is unknown, or 0.
"""

import hashlib
import mmap
import os
import random
import struct
import time

from .initiator import Session, Unexpected

BLOCK = 512
DEPTH = 32
MOST = 64                       # blocks of one command
WIRE = {"recvs": 160, "sends": 96, "send_size": 76 + 16384}


class State:
    def __init__(self, path, blocks):
        size = blocks * 8
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(fd, size)
        self._map = mmap.mmap(fd, size)
        os.close(fd)
        self._known = memoryview(self._map).cast("I")
        self.blocks = blocks
        self.reread()

    def reread(self):
        self.generation = max(self._known)

    def get(self, lba):
        return self._known[2 * lba], self._known[2 * lba + 1]

    def begin(self, lba, count, generation):
        for i in range(lba, lba + count):
            self._known[2 * i + 1] = generation

    def end(self, lba, count, generation):
        for i in range(lba, lba + count):
            self._known[2 * i], self._known[2 * i + 1] = generation, 0


def content(lba, generation):
    if not generation:
        return bytes(BLOCK)
    head = struct.pack(">QI", lba, generation)
    return head + hashlib.shake_128(head).digest(BLOCK - len(head))


class Wrong(Exception):
    """The content of the disk is not as expected."""


class Busy:
    """DEPTH commands at a time, READs and WRITEs, with and without immediate data. No two of them use the same block."""

    def __init__(self, target, state, rng, isid=None):
        self.state, self.rng, self.flying, self.taken = state, rng, {}, set()
        self.done = 0
        self.session = Session(target, isid=isid, wire=WIRE)
        self.session.login(credits=DEPTH * 2)
        self.session.capacity()

    def close(self):
        self.session.close()

    def start(self):
        rng, s = self.rng, self.session
        while True:
            count = rng.randint(1, rng.choice((4, 16, MOST)))
            lba = rng.randrange(self.state.blocks - count)
            blocks = range(lba, lba + count)
            if self.taken.isdisjoint(blocks):
                break
        self.taken.update(blocks)
        if rng.random() < 0.4:
            command, generation = s.start(s.rw_cdb(0x28, lba, count), read=count * BLOCK), None
        else:
            self.state.generation += 1
            generation = self.state.generation
            data = b"".join(content(i, generation) for i in blocks)
            imm = rng.choice((0, min(len(data), 8192), rng.randint(0, min(len(data), 8192) // BLOCK) * BLOCK))
            self.state.begin(lba, count, generation)
            command = s.start(s.rw_cdb(0x2A, lba, count), write=data, imm=imm)
        self.flying[command.request.itt] = (command, lba, count, generation)

    def fill(self):
        """Send as many commands as the window allows, without waiting for answers."""
        s = self.session
        while len(self.flying) < DEPTH and (s.maxcmdsn - s.cmdsn) % 2**32 < 2**31:
            self.start()

    def take(self, response):
        command, lba, count, generation = self.flying.pop(response.itt)
        if response.status:
            raise Unexpected(f"status {response.status:#x} sense {response.sense_code}")
        if generation:
            self.state.end(lba, count, generation)
        else:
            self.compare(command.data, lba, count)
        command.free()
        self.taken.difference_update(range(lba, lba + count))
        self.done += 1

    def compare(self, data, lba, count):
        for i in range(count):
            acked, pending = self.state.get(lba + i)
            got = data[i * BLOCK:(i + 1) * BLOCK]
            if got == content(lba + i, acked):
                self.state.end(lba + i, 1, acked)
            elif pending and got == content(lba + i, pending):
                self.state.end(lba + i, 1, pending)
            else:
                raise Wrong(f"block {lba + i} must be generation {acked} or {pending}, begins {got[:16].hex()}")

    def work(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.fill()
            self.take(self.session.recv())

    def finish(self):
        while self.flying:
            self.take(self.session.recv())

    def verify(self):
        """Check all blocks; this resolves the writes whose outcome was unknown."""
        for lba in range(0, self.state.blocks, MOST):
            c = self.session.read(lba, MOST)
            if c.status:
                raise Unexpected(f"status {c.status:#x} sense {c.response.sense_code}")
            self.compare(c.data, lba, MOST)
            c.free()
