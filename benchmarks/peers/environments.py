"""Each other server's own virtual environment: its package, pinned, and this checkout on the same libraries."""

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from platform import machine

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).parent / "requirements"
SAME = ("numpy", "onnxruntime", "pillow")
"""What decodes and computes: of the same version everywhere."""
PORTABLE = {"HNSWLIB_NO_NATIVE": "1"} | ({"CXXFLAGS": "-march=x86-64-v3"} if machine() == "x86_64" else {})
"""As in the Makefile, so that pip finds the hnswlib that it has built."""
SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "LITSERVE_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
"""Nobody reports home."""


def current_code() -> Mapping[str, str]:
    """Has an environment run this checkout, whichever one it was made from."""
    return {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("", "client", "server"))}


def ready(peer: str, folder: Path) -> Path:
    """The environment's `bin`; it is made when it is missing. Raises CalledProcessError when pip cannot fill it."""
    home = folder / peer
    wanted = [
        *(REQUIREMENTS / f"{peer}.txt").read_text().split(" #")[:1],
        *(f"{name}=={version(name)}" for name in SAME),
    ]
    made = home / "ready"
    if not made.is_file() or made.read_text() != "\n".join(wanted):
        print(f"making the environment of {peer} in {home}", file=sys.stderr)
        venv.create(home, with_pip=True)
        command = [str(home / "bin" / "pip"), "install", "--quiet", "--editable", f"{ROOT}[server-lite]", *wanted]
        subprocess.run(command, check=True, env={**os.environ, **PORTABLE})
        made.write_text("\n".join(wanted))
    return home / "bin"
