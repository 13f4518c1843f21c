"""The caller's deadline on the server's own clock."""

import math
import time
from typing import Any

import grpc.aio


def deadline_of(context: "grpc.aio.ServicerContext[Any, Any]") -> float:
    """The moment, on the monotonic clock, after which nobody waits for the answer; infinity when there is none."""
    remaining = context.time_remaining()
    return math.inf if remaining is None else time.monotonic() + remaining
