"""What lies in a data folder."""

from pathlib import Path


def sizes(data: Path) -> dict[str, int]:
    """Bytes by what they are for: the database, and what a restart is quick by."""
    files = [path for path in data.rglob("*") if path.is_file()]
    derived = sum(path.stat().st_size for path in files if "indexes" in path.parts)
    return {"database": sum(path.stat().st_size for path in files) - derived, "snapshots": derived}
