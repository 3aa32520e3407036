"""Recorded payloads beside the project; tests that want them are left out where they are not."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared"
NEEDS_SAMPLES = pytest.mark.skipif(
    not (FOLDER / "samples").is_dir(), reason="the recorded payloads (../shared/samples) are not beside this checkout"
)
NEEDS_SPECS = pytest.mark.skipif(
    not (FOLDER / "specs").is_dir(),
    reason="the published resource lists (../shared/specs) are not beside this checkout",
)


def payloads(kind: str) -> list[Any]:
    """The payloads of one kind as test parameters, none where the folder is missing."""
    file = FOLDER / "samples" / f"exact-{kind}.json"
    if not file.is_file():
        return []
    return [pytest.param(one, id=one["id"]) for one in json.loads(file.read_text(encoding="utf-8"))["payloads"]]


def body_of(payload: dict[str, Any]) -> bytes:
    """The body as it came over the wire."""
    body = payload["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def resources() -> dict[str, Any]:
    """The published properties of each resource."""
    text = (FOLDER / "specs" / "exact" / "resources.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
