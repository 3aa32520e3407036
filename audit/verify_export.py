"""Verify an exported audit trail: `python verify_export.py FILE`. Needs Python 3.10 or newer and nothing else.

The recipe, for whoever would rather write her own, is `audit.md` beside this file. It ends with 0 when every event
fits, with 1 when one does not, naming the first, and with 2 when the file cannot be read.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

FORMAT = "ml-connector audit trail"
VERSION = 1
EVENTS = "events.jsonl"
MANIFEST = "manifest.json"
HASHED = (
    "previous_hash",
    "tenant",
    "sequence",
    "recorded_at",
    "code",
    "actor",
    "correlation",
    "kind",
    "subject_kind",
    "subject",
    "from_state",
    "to_state",
    "details",
)
"""The order of the values in the text that was hashed."""
FIELDS = {*HASHED, "hash", "text"}


class Broken(Exception):
    """What does not fit, in words that name the event."""


class Unreadable(Exception):
    """The file is none of ours, or is damaged as a file."""


@dataclass(frozen=True)
class Number:
    """A number as the file has it: 1 and 1.0 and true are not the same."""

    text: str

    def __str__(self) -> str:
        return self.text


def parsed(text: str | bytes) -> Any:
    """JSON in which no key stands twice: readers differ in which of two they show."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key stands twice")
        return found

    return json.loads(text, parse_int=Number, parse_float=Number, object_pairs_hook=once)


class Chain:
    """The events read so far."""

    def __init__(self, noted: Mapping[int, str]) -> None:
        self.noted = noted
        self.events = 0
        self.first = self.last = 0
        self.first_previous_hash = self.last_hash = ""
        self.tenant: Any = None
        self.deleted_through: list[tuple[Any, Any]] = []

    def take(self, line: bytes, number: int) -> None:
        """The next line; raises `Broken`."""
        try:
            event = parsed(line)
            hashed = parsed(event["text"])
            sequence = int(event["sequence"].text)
        except (ValueError, TypeError, KeyError, AttributeError) as why:
            raise Broken(f"Line {number} is not an event: {why}") from None
        name = f"Event {sequence} (line {number})"
        if set(event) != FIELDS or not isinstance(hashed, list) or len(hashed) != len(HASHED):
            raise Broken(f"{name} has other fields than an event has.")
        for field, value in zip(HASHED, hashed, strict=True):
            if event[field] != value:
                raise Broken(f"{name}: “{field}” is not what was hashed.")
        if hashlib.sha256(event["text"].encode()).hexdigest() != event["hash"]:
            raise Broken(f"{name} was changed: its hash does not fit.")
        self.join(event, sequence, name)

    def join(self, event: dict[str, Any], sequence: int, name: str) -> None:
        """Whether it follows the one before."""
        if not self.events:
            self.first, self.first_previous_hash, self.tenant = sequence, event["previous_hash"], event["tenant"]
            if sequence == 1 and event["previous_hash"]:
                raise Broken(f"{name} is the first one and names one before it.")
        elif sequence != self.last + 1:
            raise Broken(f"{name} follows event {self.last}: events are missing, added or in another order.")
        elif event["previous_hash"] != self.last_hash:
            raise Broken(f"{name} does not follow event {self.last}: it names another hash.")
        elif event["tenant"] != self.tenant:
            raise Broken(f"{name} belongs to another company.")
        self.last, self.last_hash = sequence, event["hash"]
        self.events += 1
        if sequence in self.noted and self.noted[sequence] != event["hash"]:
            raise Broken(f"{name} has another hash than the one that you noted.")
        if event["subject_kind"] == "audit" and isinstance(event["details"], dict) and "through" in event["details"]:
            self.deleted_through.append((event["details"]["through"], event["details"].get("hash")))


def compare(chain: Chain, manifest: dict[str, Any]) -> None:
    """Whether the file holds what its manifest says; raises `Broken`."""
    if manifest.get("format") != FORMAT or manifest.get("version") != Number(str(VERSION)):
        raise Unreadable("The manifest is of another format or version.")
    found = {
        "tenant": chain.tenant if chain.events else manifest.get("tenant"),
        "events": Number(str(chain.events)),
        "first_sequence": Number(str(chain.first)) if chain.events else None,
        "first_previous_hash": chain.first_previous_hash,
        "last_sequence": Number(str(chain.last)) if chain.events else None,
        "last_hash": chain.last_hash,
    }
    for name, value in found.items():
        if manifest.get(name) != value:
            raise Broken(f"The manifest says otherwise: “{name}” is {manifest.get(name)}, the file has {value}.")
    if manifest.get("is_whole") is not True:
        return
    head = manifest.get("head") or {}
    if (head.get("sequence"), head.get("hash")) != (Number(str(chain.last)), chain.last_hash):
        raise Broken(f"The end is missing: the trail went on to event {head.get('sequence')}.")
    anchor = (Number(str(chain.first - 1)), chain.first_previous_hash)
    if chain.first > 1 and anchor not in chain.deleted_through:
        raise Broken(f"The file begins with event {chain.first}, and no event tells that the ones before were deleted.")


def verify(path: str, noted: Sequence[tuple[int, str]] = ()) -> tuple[Chain, dict[str, Any] | None]:
    """Read a whole export; raises `Broken` or `Unreadable`."""
    chain, manifest = Chain(dict(noted)), None
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                with packed.open(EVENTS) as raw:
                    read(chain, raw)
                manifest = parsed(packed.read(MANIFEST))
        else:
            with Path(path).open("rb") as plain:
                read(chain, plain)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as why:
        raise Unreadable(f"{path} cannot be read: {why}") from None
    if manifest is not None:
        compare(chain, manifest)
    missing = [sequence for sequence in chain.noted if not chain.first <= sequence <= chain.last]
    if missing:
        raise Broken(f"Event {missing[0]}, which you noted, is not in the file.")
    return chain, manifest


def read(chain: Chain, raw: IO[bytes]) -> None:
    """Every line of a file of events."""
    for number, line in enumerate(raw, 1):
        chain.take(line, number)


def told(chain: Chain, manifest: dict[str, Any] | None) -> Iterator[str]:
    """What was found, for a person."""
    yield f"{chain.events} events, numbers {chain.first} to {chain.last}: each one fits."
    if manifest is None:
        yield "There is no manifest, so events may be missing at the end."
    elif manifest.get("is_whole") is not True:
        yield "This is a part of the trail: what lies before and after it was not looked at."
    yield f"Last event: {chain.last}:{chain.last_hash}"
    if not chain.noted:
        yield "Compare it with what you noted on another day, with --noted NUMBER:HASH. Nothing else shows that"
        yield "somebody wrote the whole trail anew, or made this file from another one."


def place(text: str) -> tuple[int, str]:
    """`NUMBER:HASH` as a person notes it."""
    number, _, value = text.partition(":")
    return int(number), value.strip().lower()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    reader = argparse.ArgumentParser(description="Verify an exported audit trail.")
    reader.add_argument("file", help="the archive as it was downloaded, or its events.jsonl")
    reader.add_argument("--noted", metavar="NUMBER:HASH", type=place, action="append", default=[])
    given = reader.parse_args(arguments)
    try:
        chain, manifest = verify(given.file, given.noted)
    except Broken as why:
        sys.stdout.write(f"BROKEN. {why}\n")
        return 1
    except Unreadable as why:
        sys.stdout.write(f"{why}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in told(chain, manifest)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
