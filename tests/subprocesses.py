"""Real servers in processes of their own, as operators run them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTED = "serving"


class Server:
    """A `lookalike serve` process; `target` is known once it serves."""

    def __init__(self, data: Path, *flags: str, python: str = sys.executable) -> None:
        command = [python, "-m", "lookalike_server", "serve", "--data", str(data), "--address", "127.0.0.1:0", *flags]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=data.parent)
        self.log: list[str] = []
        self.target = self._target()

    def _target(self) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if f" {STARTED} " in line:
                return next(word.removeprefix("address=") for word in line.split() if word.startswith("address="))
        raise AssertionError("the server ended:\n" + "".join(self.log))

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self._end()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self._end()

    def _end(self) -> int:
        assert self.process.stderr is not None
        self.log += self.process.stderr.readlines()
        self.process.stderr.close()
        return self.process.wait(60)


@contextmanager
def running(data: Path, *flags: str, python: str = sys.executable) -> Iterator[Server]:
    """A server process while the block runs; ended by SIGTERM unless the block has ended it."""
    server = Server(data, *flags, python=python)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.terminate()
