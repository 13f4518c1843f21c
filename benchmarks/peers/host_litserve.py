"""The task behind LitServe (Apache-2.0): FastAPI in front, worker processes behind a queue that form the batches.

Its worker decodes, embeds and encodes one batch after the other, so decoding cannot go on beside the network; we decode
in `batch`, the hook that turns a batch of requests into the network's input, on all cores, instead of one by one in
`decode_request`. Without batches there is a worker of one thread for each core, which overlaps them. The request's type
is a FastAPI dependency that hands over the raw body: cheaper than a form or base64 in JSON. Queues are ZeroMQ's
(`fast_queue`), the faster of its two kinds. Nothing bounds what waits, but `timeout` drops what has waited too long; it
counts the wait alone, so it is half of the callers' patience: what has just not waited too long can still be in time.
"""

from typing import Annotated, Any

import litserve
from fastapi import Depends, Request, Response

from benchmarks.peers.task import MIME, Setup, Task


async def body(request: Request) -> bytes:
    """The picture."""
    content: bytes = await request.body()
    return content


class Embedding(litserve.LitAPI):  # type: ignore[misc] # LitServe is installed in its own environment only
    """The hooks, in the order in which LitServe calls them."""

    def setup(self, _device: str) -> None:
        """Load the network, in the worker."""
        setup = Setup.current()
        self.task = Task(setup.model, setup.threads)

    def decode_request(self, request: Annotated[bytes, Depends(body)]) -> bytes:
        """Bytes stay bytes until the batch is whole."""
        return request

    def batch(self, inputs: list[bytes]) -> Any:
        """Decode a batch."""
        return self.task.decode_all(inputs)

    def predict(self, x: Any) -> Any:
        """Embed a batch; without batches the hooks around it are not called, and it gets a picture."""
        return self.task.embed([self.task.decode(x)])[0] if isinstance(x, bytes) else self.task.embed(x)

    def unbatch(self, output: list[bytes]) -> list[bytes]:
        """One embedding for each request."""
        return output

    def encode_response(self, output: bytes) -> Any:
        """An embedding as it goes."""
        return Response(output, media_type=MIME)


def main() -> None:
    """Serve until a signal comes."""
    setup = Setup.current()
    api = Embedding(max_batch_size=setup.rows, batch_timeout=(setup.delay_ms or 0) / 1000, api_path="/embed")
    server: Any = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=setup.processes, timeout=setup.patience / 2, fast_queue=True
    )
    server.run(
        host="127.0.0.1",
        port=setup.port,
        num_api_servers=1,
        log_level="error",
        access_log=False,
        generate_client_file=False,
    )


if __name__ == "__main__":
    main()
