"""The task behind Ray Serve (Apache-2.0): a proxy process in front, replicas that decode, batch and embed.

As its documentation has it: one replica is an event loop that decodes in threads and awaits a method under
`serve.batch`, which embeds in a thread too, so that a batch fills while the one before computes; pixels never leave the
process. Without batches there is a replica of one thread for each core. `request_timeout_s` lets the proxy answer 408,
`max_queued_requests` 503. Ray is started for this machine alone, without its dashboard and usage reports.
"""

import asyncio
import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.peers.task import MIME, Pixels, Setup, Task

SETUP = Setup.current()
QUIET = {"enable_access_log": False, "log_level": "ERROR"}


@serve.deployment(
    num_replicas=SETUP.processes,
    max_ongoing_requests=SETUP.in_flight // SETUP.processes,
    max_queued_requests=SETUP.in_flight // 4,
    ray_actor_options={"num_cpus": SETUP.threads},
    logging_config=QUIET,
)
class Embedding:
    """A replica."""

    def __init__(self) -> None:
        self.task = Task(SETUP.model, SETUP.threads)
        self.decoders = ThreadPoolExecutor(SETUP.threads, "decode")
        self.engine = ThreadPoolExecutor(1, "engine")

    async def __call__(self, request: Request) -> Response:
        """Of one picture."""
        loop = asyncio.get_running_loop()
        pixels = await loop.run_in_executor(self.decoders, self.task.decode, await request.body())
        return Response(await self.embed(pixels), media_type=MIME)

    @serve.batch(max_batch_size=SETUP.rows, batch_wait_timeout_s=(SETUP.delay_ms or 0) / 1000)  # type: ignore[untyped-decorator]
    async def embed(self, pixels: list[Pixels]) -> list[bytes]:
        """Of a batch."""
        return await asyncio.get_running_loop().run_in_executor(self.engine, self.task.embed, pixels)


def main() -> None:
    """Serve until a signal comes."""
    ray.init(
        num_cpus=SETUP.cores,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
    )
    options: Any = {"host": "127.0.0.1", "port": SETUP.port, "request_timeout_s": SETUP.patience}
    serve.start(http_options=options, logging_config=QUIET)
    deployment: Any = Embedding
    serve.run(deployment.bind(), route_prefix="/embed")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())  # after Ray's own handler
    stopped.wait()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
