# SPDX-License-Identifier: GPL-2.0
"""Run the rules, each in a process of its own, and print TAP.

A rule is a function of a module in ../rules whose name starts with rfc, spc or iser_tgt; it gets a
Case. It passes by returning, is skipped by t.skip(), and fails by any exception.
"""

import argparse
import fnmatch
import importlib
import inspect
import os
import pickle
import select
import signal
import sys
import time
import traceback

from . import pdu as P
from .initiator import Session
from .wire import Closed, Timeout, WireError
from rules import SUITES

RULE_SECONDS = 60


class Skip(Exception):
    pass


class Broken(Exception):
    """The rule is broken; the text says how."""


def brief(value):
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:80]}... ({len(value)} long)"


class Target:
    def __init__(self, host, port, iqn, lun, initiator, patience):
        self.host, self.port, self.iqn, self.lun, self.initiator = host, port, iqn, lun, initiator
        self.patience = patience

    def ms(self, ms):
        return int(ms * self.patience)


class Case:
    """The interface of a rule: connections, which are closed at its end, and checks that fail it."""

    def __init__(self, target):
        self.target, self._open, self.notes = target, [], []

    def connection(self, **how):
        """An RDMA connection, not logged in."""
        s = Session(self.target, **how)
        self._open.append(s)
        return s

    def session(self, keys=None, discovery=False, security=True, credits=64, **how):
        s = self.connection(**how)
        s.login(keys, discovery, security, credits)
        return s

    def disk(self, need=0, **how):
        """A session, and at least `need` bytes of disk."""
        s = self.session(**how)
        blocks, size = s.capacity()
        if blocks * size < need:
            self.skip(f"the LUN is smaller than {need} bytes")
        return s

    def close(self):
        for s in self._open:
            s.close()
        self._open.clear()

    def note(self, text):
        self.notes.append(str(text))

    @staticmethod
    def skip(why):
        raise Skip(why)

    @staticmethod
    def fail(text):
        raise Broken(text)

    def ok(self, condition, text):
        if not condition:
            self.fail(text)

    def eq(self, got, want, what):
        self.ok(got == want, f"{what} is {brief(got)}, must be {brief(want)}")

    def among(self, got, want, what):
        self.ok(got in want, f"{what} is {brief(got)}, must be one of {brief(want)}")

    def closes(self, s, within=2000):
        """The target disconnects, without another message from us."""
        try:
            s.wire.await_disconnected(self.target.ms(within))
        except Timeout:
            self.fail(f"the target has not closed the connection after {within} ms")

    def refused(self, s, request, *status, pad=True):
        """The login is answered with one of these statuses (0x02 means all of class 2), and then
        the connection is closed."""
        s.send_login(request, pad)
        self.told_refused(s, *status)

    def told_refused(self, s, *status, within=2000):
        want = " or ".join(f"{x:04x}" if x > 0xFF else f"{x:02x}xx" for x in status)
        try:
            got = s.recv_login(self.target.ms(within)).status
        except Timeout:
            self.fail(f"no Login Response after {within} ms, must be refused with {want}")
        except Closed:
            self.fail(f"closed without a Login Response that says why, must be refused with {want}")
        self.ok(got in status or (got and got >> 8 in status),
                f"Login Response has status {got:04x}, must be {want}")
        self.closes(s)

    def refused_or_closed(self, s, *status, within=1000):
        """For messages that are not Login Requests: refused with this status, or closed; either at once."""
        start = time.monotonic()
        try:
            got = s.recv_login(self.target.ms(within)).status
            self.ok(got >> 8 in status or got in status, f"answered with login status {got:04x}")
        except Closed:
            pass
        except Timeout:
            self.fail(f"neither answered nor closed after {within} ms")
        self.closes(s, within)
        self.note(f"settled after {int((time.monotonic() - start) * 1000)} ms")

    def settled(self, s, within=1000):
        """The last message sent is answered (the PDU is returned), or the connection is closed
        (None). Doing nothing is a failure."""
        try:
            return s.recv(self.target.ms(within))
        except Closed:
            return None
        except Timeout:
            self.fail(f"neither answered nor closed after {within} ms")

    def serves_others(self, within=1000):
        """A good login on another connection takes less than this many ms."""
        start = time.monotonic()
        try:
            self.session()
        except (WireError, Timeout, Closed) as e:
            self.fail(f"the next good login fails after {int((time.monotonic() - start) * 1000)} ms: {e}")
        took = int((time.monotonic() - start) * 1000)
        self.ok(took <= self.target.ms(within), f"the next good login takes {took} ms")

    def rejected(self, s, request, *reasons, **how):
        """Answered by a Reject that carries the request's header; the session continues."""
        got = s.ask(request, P.Reject, **how)
        self.among(got.reason, reasons, "Reject reason")
        self.eq(got.itt, P.NONE, "Initiator Task Tag of the Reject")
        self.eq(got.data[:48], bytes(request.raw), "header returned in the Reject")
        return got

    def alive(self, s):
        """The session still works: a ping is answered, in a discovery session a text."""
        if s.discovery:
            s.text({"SendTargets": self.target.iqn})
        else:
            s.nop()

    def good(self, command, what="the command"):
        """Status GOOD, and no byte written outside the buffer."""
        self.contained(command)
        self.eq(command.response.response, 0, f"response code of {what}")
        self.ok(command.status == 0, f"{what} ends with status {command.status:#x}, "
                                     f"sense {command.response.sense_code}")
        return command

    def contained(self, command):
        stray = command.stray_write()
        self.ok(stray is None, f"the target wrote outside the buffer, at offset {stray} "
                               f"of a transfer of {command.edtl} bytes")

    def check_condition(self, command, key, asc=None):
        self.contained(command)
        self.eq(command.status, 2, "SCSI status")
        code = command.response.sense_code
        self.ok(code, f"CHECK CONDITION without sense: {command.response.data.hex()}")
        self.eq(code[0], key, "sense key")
        if asc is not None:
            self.eq(code[1:], asc, "additional sense code")


def rules(suite=None):
    """All (name, function), module by module, in the order written. The name is module/function."""
    import rules as package
    for each in (suite,) if suite else package.MODULES:
        module = importlib.import_module(f"rules.{each}")
        for name, fn in vars(module).items():
            if name.startswith(("rfc", "spc", "iser_tgt")) and inspect.isfunction(fn):
                yield f"{each}/{name}", fn


def _child(fn, target, pipe):
    t = Case(target)
    try:
        try:
            fn(t)
            result = ("ok", "")
        finally:
            t.close()
    except Skip as e:
        result = ("skip", str(e))
    except Broken as e:
        result = ("fail", str(e))
    except Exception as e:
        where = traceback.extract_tb(e.__traceback__)
        last = next((f for f in reversed(where) if "/rules/" in f.filename), where[-1])
        result = ("fail", f"{type(e).__name__}: {e} (at {os.path.basename(last.filename)}:{last.lineno})")
        if os.environ.get("CONFORMANCE_TRACE"):
            traceback.print_exc()
    os.write(pipe, pickle.dumps(result + (t.notes,)))


def run_rule(fn, target):
    """Run a rule in a child, so that a crash or a hang affects only this rule."""
    r, w = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        os.close(r)
        code = 1
        try:
            _child(fn, target, w)
            code = 0
        finally:
            os._exit(code)
    os.close(w)
    data = b""
    deadline = time.monotonic() + RULE_SECONDS * target.patience
    try:
        while True:
            ready = select.select([r], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                os.kill(pid, signal.SIGKILL)
                return "fail", f"hung: killed after {RULE_SECONDS * target.patience:.0f} s", []
            part = os.read(r, 65536)
            if not part:
                break
            data += part
    finally:
        os.close(r)
        for _ in range(50):     # give up on a child in uninterruptible sleep
            if os.waitpid(pid, os.WNOHANG)[0]:
                break
            time.sleep(0.05)
    return pickle.loads(data) if data else ("fail", "the initiator crashed", [])


def recover(target):
    """Wait until a good login works again: the seconds it took, None if it never did."""
    start = time.monotonic()
    while time.monotonic() - start < 40 * target.patience:
        if run_rule(lambda t: t.session(), target)[0] == "ok":
            return time.monotonic() - start
    return None


def address(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError("want IP:PORT, or [IPv6]:PORT")
    return host.strip("[]"), int(port)


def main():
    ap = argparse.ArgumentParser(
        description="Check an iSER target against RFC 7143 and RFC 7145, rule by rule. "
                    "The content of the LUN is overwritten.")
    ap.add_argument("--target", type=address, metavar="IP:PORT")
    ap.add_argument("--iqn", help="the target's name")
    ap.add_argument("--lun", type=int, default=0)
    ap.add_argument("--initiator", default="iqn.2026-01.test.conformance:initiator", metavar="IQN")
    ap.add_argument("--suite", choices=SUITES, help="not the rules, but this part, which says itself what disk it needs")
    ap.add_argument("--only", action="append", metavar="PATTERN",
                    help="rules whose module/name contains it, or matches it with *")
    ap.add_argument("--skip", action="append", default=[], metavar="PATTERN")
    ap.add_argument("--gentle", action="store_true",
                    help="begin no rule before the target takes a good login: one rule's damage is not the next one's")
    ap.add_argument("--list", action="store_true", help="print the rules and what they say")
    ap.add_argument("--patience", type=float, default=1.0, metavar="FACTOR", help="stretch all deadlines")
    args = ap.parse_args()

    def matches(name, patterns):
        return any(p in name or fnmatch.fnmatch(name, p) for p in patterns)

    chosen = [(n, f) for n, f in rules(args.suite)
              if (not args.only or matches(n, args.only)) and not matches(n, args.skip)]
    if args.list:
        for name, fn in chosen:
            print(f"{name}\n    {' '.join((fn.__doc__ or '').split())}")
        return 0
    if not args.target or not args.iqn:
        ap.error("--target and --iqn are needed")
    target = Target(*args.target, args.iqn, args.lun, args.initiator, args.patience)

    counts = {"ok": 0, "fail": 0, "skip": 0}
    failed = []
    print(f"1..{len(chosen)}")
    for i, (name, fn) in enumerate(chosen, 1):
        if args.gentle and recover(target) is None:
            print("Bail out! the target takes no good login any more")
            break
        start = time.monotonic()
        status, text, notes = run_rule(fn, target)
        counts[status] += 1
        said = " ".join((fn.__doc__ or "").split())
        verdict = "not ok" if status == "fail" else "ok"
        print(f"{verdict} {i} - {name}" + (f" # SKIP {text}" if status == "skip" else ""))
        if status == "fail":
            failed.append(name)
            print(f"#   rule: {said}\n#   seen: {text}")
        for note in notes:
            print(f"#   note: {note}")
        took = time.monotonic() - start
        if took > 3:
            print(f"#   took {took:.1f} s")
        if status == "fail":
            after = recover(target)
            if after is None:
                print("Bail out! the target takes no good login any more")
                break
            if after > 1:
                print(f"#   only {after:.0f} s later the target took a good login again")
        sys.stdout.flush()
    print(f"# {counts['ok']} kept, {counts['fail']} broken, {counts['skip']} skipped")
    for name in failed:
        print(f"#   broken: {name}")
    return 1 if failed else 0
