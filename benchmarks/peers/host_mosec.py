"""The task behind mosec (Apache-2.0): a Rust front end, worker processes in Python, batches formed in the front end.

As its documentation has it: decoding on the processor is a stage of its own with a process for each core, the network
the stage after it, one process that runs batches on all cores; pixels go from stage to stage as mosec's own pickles.
Without batches there is one stage, which decodes and embeds, in a process of one thread for each core. Raw bytes both
ways. `timeout` lets mosec drop what its caller no longer waits for, `capacity` lets it refuse what would wait too long.
A delay of 0 is given as `--wait`, because a stage takes 0 for "not set".
"""

import sys
import warnings
from typing import Any

from mosec import Server, Worker

from benchmarks.peers.task import MIME, Pixels, Setup, Task


class Raw(Worker):  # type: ignore[misc] # mosec is installed in its own environment only
    """Bytes in at the first stage, bytes out at the last."""

    resp_mime_type = MIME

    def __init__(self) -> None:
        super().__init__()
        self.setup = Setup.current()
        self.task = Task(self.setup.model, self.setup.threads)

    def deserialize(self, data: bytes) -> bytes:
        """A request's body, as it came."""
        return data

    def serialize(self, data: bytes) -> bytes:
        """An answer's body, as it goes."""
        return data


class Decode(Raw):
    """The first stage."""

    def forward(self, data: bytes) -> Pixels:
        """Of one picture."""
        return self.task.decode(data)


class Embed(Raw):
    """The second stage."""

    def forward(self, data: list[Pixels]) -> list[bytes]:
        """Of a batch."""
        return self.task.embed(data)


class Both(Raw):
    """The only stage."""

    def forward(self, data: bytes) -> bytes:
        """Of one picture."""
        return self.task.embed([self.task.decode(data)])[0]


def main() -> None:
    """Serve until a signal comes."""
    setup = Setup.current()
    flags = {"address": "127.0.0.1", "port": setup.port, "capacity": setup.in_flight, "log-level": "warning"}
    flags |= {"timeout": round(1000 * setup.patience), "wait": setup.delay_ms or 0}
    sys.argv[1:] = [f"--{name}={value}" for name, value in flags.items()]
    warnings.simplefilter("ignore", DeprecationWarning)  # of --wait
    server: Any = Server()
    if setup.delay_ms is None:
        server.append_worker(Both, num=setup.processes, route="/embed")
    else:
        server.append_worker(Decode, num=setup.cores, route="/embed")
        server.append_worker(Embed, max_batch_size=setup.rows, max_wait_time=setup.delay_ms, route="/embed")
    server.run()


if __name__ == "__main__":
    main()
