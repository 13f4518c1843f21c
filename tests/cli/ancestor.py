"""Databases as the ancestor wrote them."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCHEMA = (
    "CREATE TABLE metadata (imageId INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, image_path TEXT, embedding TEXT,"
    " scene_type TEXT)"
)


def write(path: Path, rows: Sequence[tuple[Any, Any, Any]]) -> Path:
    """Rows of image_path, embedding and scene_type; imageId counts from 1."""
    connection = sqlite3.connect(path)
    connection.execute(SCHEMA)
    connection.executemany("INSERT INTO metadata (image_path, embedding, scene_type) VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


def text(vector: Sequence[float]) -> str:
    """An embedding as it stands in a row."""
    return json.dumps([float(number) for number in vector])
