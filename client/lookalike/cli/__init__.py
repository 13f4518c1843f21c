"""The command `lookalike`: people's way into the SDK, and the way to start a server.

One file a command or a small family. Results go to standard output, as a table or, with `--json`, as one JSON object;
progress, remarks and errors go to standard error; with `--json` an error is {"error": {code, reason, ...}} there.
Exit status: 0 done, 1 failed (`index`: any picture failed), 2 wrong usage, 130 interrupted.

This file imports nothing, so that the command can say what to install where the `cli` extra is missing.
"""

import sys
from importlib.util import find_spec

NEEDED = ("typer", "rich")


def main() -> None:
    """Run the command line of this process."""
    if any(find_spec(package) is None for package in NEEDED):
        sys.exit('The command line is an extra: pip install "lookalike[cli]"')
    from lookalike.cli.app import app  # noqa: PLC0415 - only where the packages that it needs are there

    app()
