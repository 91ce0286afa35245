"""Results in JSON files, which are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keras_ec.deploy.atomic_file import write_atomically


def write_json(path: Path, value: Any) -> None:
    """Writes a value; directories that are missing are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(value, indent=2) + "\n").encode())


def add_to_json(path: Path, values: dict[str, Any]) -> None:
    """Puts values into a file's object; others that it holds stay."""
    known = json.loads(path.read_text()) if path.exists() else {}
    write_json(path, {**known, **values})
