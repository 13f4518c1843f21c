"""What an image's row keeps of its scenes: the most likely one's name, for filters, and all of them as JSON."""

import json
import sqlite3
from collections.abc import Sequence

from lookalike_server.records import Scene


def columns(scenes: Sequence[Scene]) -> tuple[str, str]:
    """Values of the columns `scene` ("" where none is known) and `scenes`, most likely first."""
    kept = json.dumps([(scene.name, scene.probability) for scene in scenes], ensure_ascii=False, separators=(",", ":"))
    return scenes[0].name if scenes else "", kept


def told(kept: str) -> tuple[Scene, ...]:
    """The scenes that `columns` wrote. Raises sqlite3.DatabaseError for what it cannot have written."""
    try:
        return tuple(Scene(str(name), float(probability)) for name, probability in json.loads(kept))
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(f"an image's scenes are damaged: {error}") from error
