"""`python -m lookalike_server`: what `lookalike serve`, `verify`, `evaluate`, `doctor` and the health check run."""

import os
import sys

INSTALL = 'pip install "lookalike[server,cli]"  (in a checkout: pip install ".[server,cli]")'


def main() -> int:
    """Run the command line; without the server's dependencies, say how to install them."""
    # gRPC's own chatter on standard error would stand between our lines; what fails is told by them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # One core a search: waking a second one for a scan costs more than it gives (p99 by vector 15 ms, without it 7 ms).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        # Here, so that a missing dependency can be told in words.
        from lookalike_server import commands  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "lookalike_server":
            raise
        print(f"lookalike: the server needs {error.name}, which is not installed: {INSTALL}", file=sys.stderr)
        return 1
    return commands.main(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
