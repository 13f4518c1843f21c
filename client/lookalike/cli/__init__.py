"""The command `lookalike`: people's way into the SDK, and the way to start a server.

One file a command or a small family. Results go to standard output, as a table or, with `--json`, as one JSON object;
progress, remarks and errors go to standard error; with `--json` an error is {"error": {code, reason, ...}} there.
Exit status: 0 done, 1 failed (`index`: any picture failed), 2 wrong usage, 130 interrupted.

This file imports nothing, so that the command can say what to install where the `cli` extra is missing.
"""

import sys
from importlib.util import find_spec

NEEDED = ("typer", "rich")

EXTRAS = dict.fromkeys(("serve", "backup", "restore", "verify", "evaluate"), "server,cli")
EXTRAS |= {"train": "train,cli", "demo": "demo"}
"""What a command needs beyond the SDK, where that is not `cli` alone."""


def install(extras: str) -> str:
    """Say how to install extras; in a checkout that works before the package is on any index."""
    return f'pip install "lookalike[{extras}]"  (in a checkout: pip install ".[{extras}]")'


def main() -> None:
    """Run the command line of this process."""
    if any(find_spec(package) is None for package in NEEDED):
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        sys.exit(f"The command line is an extra: {install(EXTRAS.get(command, 'cli'))}")
    from lookalike.cli.app import app  # noqa: PLC0415 - only where the packages that it needs are there

    try:
        app()
    except OSError as error:  # that no command expects, such as a full disk behind standard output
        sys.exit(f"lookalike: {error.strerror or error}")
