"""A real server in a process of its own, as operators run it: for crash tests and benchmarks."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVING = " serving "
"""What the log says, between time and address, once the server serves."""
PROGRAM = ("-m", "lookalike_server")
"""What Python runs."""


class ServerProcess:
    """A `lookalike serve` process on a free loopback port, with settings given as flags.

    Constructing it returns when the server serves, and raises ChildProcessError, with the server's log, when it ends
    before that. `program` is a module or script to run instead, which takes the same command line.
    """

    def __init__(self, data: Path, *flags: str, python: str = sys.executable, program: Sequence[str] = PROGRAM) -> None:
        command = [python, *program, "serve", "--data", str(data), "--address", "127.0.0.1:0", *flags]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=data.parent)  # noqa: S603
        self.log: list[str] = []
        self.target = ""
        """HOST:PORT."""
        self._settled = threading.Event()
        # A pipe that nobody reads would in time stop the server.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._settled.wait()
        if not self.target:
            raise ChildProcessError("the server ended:\n" + "".join(self.log))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def terminate(self) -> int:
        """Ask it to drain and end (SIGTERM); returns the exit code."""
        self._process.terminate()
        return self._end()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self._process.kill()
        self._end()

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def _read(self) -> None:
        if (lines := self._process.stderr) is None:
            raise TypeError("the process was started without a pipe")
        with lines:
            for line in lines:
                self.log.append(line)
                if SERVING in line and not self._settled.is_set():
                    words = dict(word.split("=", 1) for word in line.split() if "=" in word)
                    self.target = words["address"]
                    self._settled.set()
        self._settled.set()

    def _end(self) -> int:
        self._reader.join()
        return self._process.wait()


@contextmanager
def running(data: Path, *flags: str, python: str = sys.executable) -> Iterator[ServerProcess]:
    """A server process while the block runs; it is drained at the end unless the block has ended it."""
    server = ServerProcess(data, *flags, python=python)
    try:
        yield server
    finally:
        if server.is_running():
            server.terminate()
