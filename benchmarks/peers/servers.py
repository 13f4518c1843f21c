"""The servers of the comparison, each started for its turn and ended after it."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from pathlib import Path

import grpc

from benchmarks.metrics import free_address
from benchmarks.peers import environments
from benchmarks.peers.callers import Caller, Grpc, Http
from benchmarks.peers.task import Setup
from lookalike_server.process import running

START = 90.0
"""Seconds that another's server may take to answer its first call."""


@dataclass(frozen=True, slots=True)
class Server:
    """One column of the tables."""

    name: str
    flags: tuple[str, ...] = ()
    """Of `lookalike serve`."""
    peer: str = ""
    """Whose environment and `host_` module it needs; empty: it is ours."""
    delays: Sequence[int | None] = field(default=(None,))
    """What `Setup.delay_ms` is tuned over."""


OURS = Server("ours")
ONE_BY_ONE = Server("ours, one picture and core at a time", ("--max-batch", "1"))
ONE_QUEUE = Server("ours, one queue in order of arrival", ("--order", "arrival"))
DELAYS = (0, 2, 10, None)
PEERS = tuple(
    Server(name, peer=peer, delays=DELAYS)
    for name, peer in (("mosec", "mosec"), ("LitServe", "litserve"), ("Ray Serve", "ray"))
)
SERVERS = (OURS, ONE_BY_ONE, ONE_QUEUE, *PEERS)


@contextmanager
def serving(server: Server, setup: Setup, home: Path, first: bytes) -> Iterator[Caller]:
    """A caller of the server, which runs while the block runs and has answered a call for the picture `first`.

    `home` holds the others' environments. Raises ChildProcessError, with its words, when the server does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="lookalike-peers-") as folder:
        place = replace(setup, port=int(free_address().rpartition(":")[2]))
        process = (
            peer_running(server, place, home, Path(folder)) if server.peer else ours_running(server, setup, folder)
        )
        with process as caller, closing(caller):
            wait_for(caller, first)
            yield caller


@contextmanager
def ours_running(server: Server, setup: Setup, folder: str) -> Iterator[Caller]:
    """Ours, with the peers' model and threads; everything else as it comes."""
    flags = ("--model", setup.model, "--threads", str(setup.cores), *server.flags)
    with running(Path(folder) / "data", *flags) as process:
        yield Grpc(process.target)


@contextmanager
def peer_running(server: Server, setup: Setup, home: Path, folder: Path) -> Iterator[Caller]:
    """Another's, as its `host_` module sets it up."""
    python = environments.ready(server.peer, home) / "python"
    command = [str(python), "-m", f"benchmarks.peers.host_{server.peer}"]
    environment = {**os.environ, **environments.SILENT, **environments.current_code(), **setup.environment()}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=environments.ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield Http(f"127.0.0.1:{setup.port}")
        except ConnectionError as error:
            raise ChildProcessError(f"{server.name}: {error}\n{(folder / 'log').read_text()[-2000:]}") from error
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask the server to end, then end whatever is left of its processes, all of which are in its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(caller: Caller, picture: bytes) -> None:
    """Return when the server has answered. Raises ConnectionError, the last it met, when it does not in good time."""
    began = time.perf_counter()
    while True:
        try:
            caller.embed(picture, timeout=10.0)
            return
        except (OSError, HTTPException, grpc.RpcError) as error:
            if time.perf_counter() - began > START:
                raise ConnectionError(f"no answer in {START:.0f} s: {error!r}") from error
            time.sleep(0.1)
