"""A Lookalike server of the demo's own: started on a free port of this machine, stopped whatever happens."""

import os
import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

START_SECONDS, STOP_SECONDS = 120.0, 30.0
SERVING = re.compile(r" serving .*?\baddress=(\S+)\s")
"""What the log says once the server serves, and where."""


class ServerFailed(Exception):
    """The server ended, or did not get ready; the message holds the end of its log."""


class DemoServer:
    """Runs `python -m lookalike_server serve` inside a `with` block; its output goes to a log file."""

    def __init__(self, data: Path, *, log: Path, model: str, engine: str) -> None:
        self.log = log
        self.address = ""
        """HOST:PORT, known after `wait`."""
        self._arguments = ["--data", str(data), "--address", "127.0.0.1:0"]
        self._arguments += ["--model", model, "--engine", engine]

    def __enter__(self) -> Self:
        """Start it; `wait` says when it may be asked."""
        command = [sys.executable, "-m", "lookalike_server", "serve", *self._arguments]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdout=log, stderr=subprocess.STDOUT, env=_environment()
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it finish what it took on, and end."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> float:
        """Return the seconds until its log says that it serves, and where. Raises ServerFailed."""
        begin = perf_counter()
        while not (said := SERVING.search(self.log.read_text(errors="replace"))):
            self._pause()
            if perf_counter() - begin > START_SECONDS:
                raise ServerFailed(self._explain(f"The server was not ready after {START_SECONDS:.0f} s."))
        self.address = said[1]
        return perf_counter() - begin

    def _pause(self) -> None:
        """Wait a moment, or find out that there is nothing to wait for."""
        try:
            status = self._process.wait(0.1)
        except subprocess.TimeoutExpired:
            return
        raise ServerFailed(self._explain(f"The server ended with exit status {status}."))

    def _explain(self, what: str) -> str:
        tail = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([what, f"The end of its log, {self.log}:", *tail])


def _environment() -> dict[str, str]:
    """Leave out what the user has set for servers of his own, such as a token or a certificate."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
