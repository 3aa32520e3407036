"""Reading JSON as UPS does: single objects stand for lists, unknown fields are not seen, numbers must be text."""

from aiohttp import web
from orjson import JSONDecodeError, loads

from sandbox.ups.refusals import UpsRefusal


class Node:
    """A JSON object that may be absent; absent and wrongly shaped read the same: empty."""

    __slots__ = ("_values",)

    def __init__(self, values: object) -> None:
        self._values: dict[str, object] = values if isinstance(values, dict) else {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def renamed(self, old: str, new: str) -> "Node":
        """The same with one field under another name; what stood under that name is not seen."""
        others = {name: value for name, value in self._values.items() if name not in {old, new}}
        return Node(others | ({new: self._values[old]} if old in self._values else {}))

    def has(self, name: str) -> bool:
        """Whether the field is there at all, with whatever content: the meaning of indicators (ups.md 1.5)."""
        return name in self._values

    def is_list(self, name: str) -> bool:
        """Whether the field came as a list."""
        return isinstance(self._values.get(name), list)

    def child(self, *path: str) -> "Node":
        """The object down this path; of a list its first entry."""
        values: object = self._values
        for name in path:
            values = values.get(name) if isinstance(values, dict) else None
            values = values[0] if isinstance(values, list) and values else values
        return Node(values)

    def children(self, name: str) -> list["Node"]:
        """The objects of a list; one object counts as a list of one."""
        values = self._values.get(name)
        if isinstance(values, list):
            return [Node(value) for value in values]
        return [Node(values)] if isinstance(values, dict) else []

    def text(self, name: str) -> str:
        """A text, blanks stripped; "" when absent or not a text."""
        value = self._values.get(name)
        return value.strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """A list of texts; one text counts as a list of one, other entries read as empty."""
        value = self._values.get(name)
        entries = value if isinstance(value, list) else [value] if name in self._values else []
        return [entry.strip() if isinstance(entry, str) else "" for entry in entries]


async def read_document(request: web.Request, root: str) -> Node:
    """The object under `root` in the body; refusals as in ups.md 4.3."""
    if request.content_type != "application/json":
        raise UpsRefusal("10007", "The content type is not supported.")
    raw = await request.read()
    if not raw.strip():
        raise UpsRefusal("10003", "The document is empty.")
    try:
        parsed = loads(raw)
    except JSONDecodeError as err:
        raise UpsRefusal("10001", "The document is malformed.") from err
    document = Node(parsed).child(root)
    if not document:
        raise UpsRefusal("10002", f"The document is invalid: {root} is missing.")
    return document
