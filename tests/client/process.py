"""A process of its own, for what a test cannot do in this one."""

import subprocess
import sys
import textwrap


def in_a_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python; warnings are errors there too."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
