"""`python -m lookalike_server`: what `lookalike serve`, `verify`, `doctor` and the container's health check run."""

import sys

INSTALL = 'pip install "lookalike[server]"'


def main() -> int:
    """Run the command line; without the server's dependencies, say how to install them."""
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
