"""Rewrites the committed stubs in client/lookalike/v1 from the protos beside this file: `make protos`."""

import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

PROTOS = Path(__file__).parent
STUBS = PROTOS.parent / "client"


def generate(out: Path) -> None:
    """Write the stubs of every proto under `out`, in the folders that the proto packages name."""
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    flags = [f"--proto_path={PROTOS}", f"--proto_path={well_known}"]
    outs = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    if protoc.main(["protoc", *flags, *outs, *sources]) != 0:
        raise SystemExit("protoc failed: its message stands above")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else STUBS)
