"""Round after round on one data folder: start, compare with what was acknowledged, work, kill, look the folder over.

Each server starts where the one before was killed, on its port, at once: whatever a killed server leaves behind, a
child process that writes a snapshot say, must not hold the folder, nor the port.
"""

import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import count
from pathlib import Path

from tests.crash import restless, witness
from tests.crash.board import Board
from tests.crash.callers import MODELS, TIMEOUT, callers
from tests.crash.ledger import Ledger
from tests.crash.moments import AIMS, ANY, START, strike
from tests.rpc.conftest import Doors

from lookalike.v1 import collection_service_pb2 as collections
from lookalike_server.process import ServerProcess

FLAGS = ("--model", "tiny", "--model", "tiny:32")


class Lost(Exception):
    """The server broke its word; the message says how."""


class Rounds:
    """The data folder lies in `folder`; `hits` counts the kills that came while something was under way."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.data = folder / "data"
        self.ledger = Ledger()
        self.aimed: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()
        self._copy = folder / "as-left"
        self._chance = random.Random(seed)  # noqa: S311  when to kill is no secret
        self._seeds = count(seed * 1_000_000)
        self._port = unclaimed_port()
        began = time.monotonic()
        self._server = self._start()
        self._start_seconds = time.monotonic() - began
        self._make("shared")

    def run(self, rounds: int) -> None:
        """So many kills, each checked; Lost."""
        aims: list[str] = []
        for number in range(rounds):
            aims = aims or self._chance.sample(AIMS, len(AIMS))
            self._round(number, aims.pop())
        self._server.terminate()
        expect_none(findings(verification(self.data)), "after a clean stop")

    def close(self) -> None:
        """End the server, if it is still there."""
        if self._server.is_running():
            self._server.kill()

    def _round(self, number: int, aim: str) -> None:
        what = f"round {number}, killed to hit {aim!r}"
        seen = self._work_until_killed(aim)
        self.aimed[aim] += 1
        self.hits.update(seen | {ANY} if seen else ())
        shutil.copytree(self.data, self._copy)
        if aim == START:
            self.hits[START] += self._kill_a_start()
        verifying = verification(self._copy)
        self._server = self._start()
        expect_none(witness.faults(self._server.target, self.ledger), what)
        expect_none(findings(verifying), what)
        shutil.rmtree(self._copy)

    def _work_until_killed(self, aim: str) -> set[str]:
        board = Board()
        working = callers(self._server.target, self.ledger, board, self._seeds)
        for caller in working:
            caller.start()
        seen = strike(aim, self._server, self.data, board, self._chance)
        for caller in working:
            caller.join()
        expect_none([f"{caller.name}: {caller.fault!r}" for caller in working if caller.fault], "before the kill")
        return seen

    def _kill_a_start(self) -> bool:
        """Kill a server that comes up on what a kill left; whether it was killed before it served."""
        starting = subprocess.Popen(command("serve", self.data), stderr=subprocess.PIPE, text=True)
        time.sleep(self._chance.uniform(0, self._start_seconds))
        starting.kill()
        return " serving " not in starting.communicate()[1]

    def _start(self) -> ServerProcess:
        address = ("--address", f"127.0.0.1:{self._port}")
        return ServerProcess(self.data, *FLAGS, *address, program=(restless.__file__,))

    def _make(self, collection: str) -> None:
        doors = Doors(self._server.target)
        with doors.channel:
            request = collections.CreateCollectionRequest(collection=collections.Collection(name=collection))
            doors.collections.CreateCollection(request, timeout=TIMEOUT)
        self.ledger.told[(collection,)] = next(iter(MODELS))


def unclaimed_port() -> int:
    """A free port of those that the system gives nobody by itself: it stays free while the server is down."""
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise Lost("there is no free port")


def command(name: str, data: Path) -> list[str]:
    """A command line of the restless server's."""
    return [sys.executable, restless.__file__, name, "--data", str(data), *FLAGS]


def verification(data: Path) -> "subprocess.Popen[str]":
    """`lookalike verify`, begun in a process of its own."""
    return subprocess.Popen(command("verify", data), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def findings(verifying: "subprocess.Popen[str]") -> list[str]:
    """What it found, once it has ended."""
    report, log = verifying.communicate()
    if not report:
        return [f"verify ended with {verifying.returncode}: {log}"]
    found: list[str] = json.loads(report)["findings"]
    return found


def expect_none(faults: list[str], when: str) -> None:
    """Lost when there are any."""
    if faults:
        raise Lost("\n  ".join([f"{when}:", *faults]))
