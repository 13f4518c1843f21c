"""Work on a frozen copy of this process: a forked child has memory as it was, while the server changes its own.

Many threads run when it forks, and in the child only one: a lock that another thread held is held for ever there. So
the work given to a child must take no lock, log nothing, import nothing and call no BLAS; it writes files, and what it
returns comes back through a pipe. The child lets go of every descriptor at once: neither the folder's lock nor a
listening port may outlive a server that is killed. Where there is no safe fork (macOS, Windows) the work is done in
place. gRPC's own support for forks must stay off, as it is unless GRPC_ENABLE_FORK_SUPPORT says otherwise.
"""

import ctypes
import gc
import json
import os
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from threadpoolctl import threadpool_limits

FORKS = sys.platform == "linux"
_NICENESS = 10  # a busy server's threads go first; a nearly idle machine gives the child a whole core all the same
_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_CHUNK = 1 << 16
_STANDARD = (0, 1, 2)

# We know: this module is how we live with it.
warnings.filterwarnings("ignore", r".*multi-threaded.*fork", DeprecationWarning)
_prctl = getattr(ctypes.CDLL(None), "prctl", None) if FORKS else None


class ChildFailed(OSError):
    """The work was not done: it raised, was killed, or took too long."""


def make_safe() -> None:
    """Have this process's BLAS compute in the calling thread only.

    OpenBLAS ends its helping threads before each fork, and a product that is under way in another thread would wait for
    them for ever.
    """
    threadpool_limits(1, user_api="blas")


class Child:
    """One piece of work, begun when this is made, on memory as it is at that moment; it returns what JSON can say.

    With `apart` false, and where nothing can be forked, it is done when this is made.
    """

    def __init__(self, work: Callable[[], Any], *, apart: bool = True) -> None:
        self._lock = threading.Lock()
        self._pid: int | None = None  # None once it is reaped: the system may give the number to another
        self._ear: int | None = None
        self._told = b""
        if FORKS and apart:
            self._fork(work)
        else:
            self._told = _tell(work)

    def result(self, timeout: float) -> Any:
        """What the work returned; ChildFailed when it raised, died, or took longer than `timeout` seconds. Once."""
        if self._ear is not None:
            self._hear(self._ear, time.monotonic() + timeout)
        try:
            told = json.loads(self._told)
        except ValueError:
            raise ChildFailed(f"the child process was killed, or took longer than {timeout:.0f} seconds") from None
        if "failed" in told:
            raise ChildFailed(told["failed"])
        return told["done"]

    def kill(self) -> None:
        """Ends it: who waits for its result gets ChildFailed. Nothing when it is done."""
        with self._lock:
            if self._pid is not None:
                os.kill(self._pid, signal.SIGKILL)

    def _fork(self, work: Callable[[], Any]) -> None:
        self._ear, mouth = os.pipe()
        parent = os.getpid()
        collecting = gc.isenabled()
        gc.disable()  # what a collection closes in the child may be the server's
        try:
            pid = os.fork()
            if pid == 0:
                _live(work, mouth, parent)
        finally:
            if collecting:
                gc.enable()
            os.close(mouth)
        self._pid = pid

    def _hear(self, ear: int, deadline: float) -> None:
        """Listens until the child is gone, and buries it."""
        heard = select.poll()  # unlike select it bears descriptors beyond 1,024
        heard.register(ear, select.POLLIN)
        while heard.poll(max(0.0, deadline - time.monotonic()) * 1_000):
            chunk = os.read(ear, _CHUNK)
            if not chunk:
                break
            self._told += chunk
        else:
            self._told = b""
            self.kill()
        os.close(ear)
        with self._lock, suppress(ChildProcessError):
            assert self._pid is not None  # noqa: S101  only here is it buried
            os.waitpid(self._pid, 0)
            self._pid = None


def _live(work: Callable[[], Any], mouth: int, parent: int) -> NoReturn:
    """The child's whole life."""
    try:
        mouth = _let_go(mouth)
        if _prctl is not None:
            _prctl(_DEATH_OF_PARENT, signal.SIGKILL)
        if os.getppid() == parent:  # else it died before it could be said that we go with it
            os.nice(_NICENESS)
            _say(mouth, _tell(work))
    finally:
        os._exit(0)


def _let_go(mouth: int) -> int:
    """Closes all that was the server's, but for the way back to it; that way's new number.

    A signal sent to the whole group is the server's to answer: it ends the child where it wants to.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in _STANDARD:
        os.dup2(nowhere, standard)
    kept = len(_STANDARD)
    if mouth != kept:
        os.dup2(mouth, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    return kept


def _tell(work: Callable[[], Any]) -> bytes:
    try:
        return json.dumps({"done": work()}).encode()
    except Exception as error:  # the other side raises it
        return json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode()


def _say(mouth: int, words: bytes) -> None:
    while words:
        words = words[os.write(mouth, words) :]
