"""Texts that people read and that no translator would see: raw words in templates, plain strings in Python."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.template.base import Lexer, Token, TokenType

SAME_EVERYWHERE = (
    "ml-connector",
    "Exact Online",
    "Exact",
    "UPS",
    "ups.com",
    "PDF",
    "CSV",
    "Excel",
    "Esc",
    "Quantum View",
    "Track Alert",
    "kg",
    "lb",
)
"""Names and signs that stay as they are in every language."""
SHOWN_ATTRIBUTES = frozenset({"alt", "aria-label", "placeholder", "title"})
SHOWN_ARGUMENTS = frozenset({"empty_label", "help_text", "label"})
REFUSALS = frozenset({"NotPossible", "PermissionDenied", "Refused", "ValidationError"})
"""Exceptions of ours and of Django's whose words are put on a page."""
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_PLAIN_ARGUMENT = re.compile(r'(?:\bdefault(?:_if_none)?:|\blabel=)"([^"]*)"')
_BLOCK_OPENS = ("blocktranslate", "blocktrans", "comment")
_BLOCK_ENDS = ("endblocktranslate", "endblocktrans", "endcomment")
_NO_WORDS = re.compile(r"[a-z-]+")
"""A class of `site.css` or the code of a language, where a default is one lower-case word."""
_CLASS = re.compile(r"[a-z]+(-[a-z]+)+")
"""A class of `site.css`, where a block is filled with one."""


def in_template(source: str) -> list[str]:
    """The words of a template outside every translation tag."""
    found: list[str] = []
    reader = _Reader(found)
    is_marked = False
    for token in Lexer(source).tokenize():
        word = token.contents.split(" ", 1)[0] if token.token_type == TokenType.BLOCK else ""
        is_marked = word in _BLOCK_OPENS or (is_marked and word not in _BLOCK_ENDS)
        if token.token_type == TokenType.TEXT and not is_marked:
            reader.feed(token.contents)
        elif token.token_type in {TokenType.BLOCK, TokenType.VAR}:
            reader.feed("" if is_marked else _stand_in(reader))
            found += _plain_arguments(token)
    reader.close()
    return found


def in_python(source: str) -> list[str]:
    """Plain strings where a form, a message or a refusal takes words for people."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found += [ast.unparse(words) for words in _words_of(node) if _is_plain(words)]
    return found


class _Reader(HTMLParser):
    """Collects what a page shows; the text of scripts and styles is no text."""

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def handle_data(self, data: str) -> None:
        """Words between the tags."""
        if self.cdata_elem is None:
            self.found += _unmarked(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Words in attributes that are shown or read aloud."""
        for name, value in attrs:
            if name in SHOWN_ATTRIBUTES:
                self.found += _unmarked(value or "")


def _stand_in(reader: _Reader) -> str:
    """What a tag leaves behind, so that the HTML around it stays whole; nothing inside the name of an element."""
    return " " if reader.rawdata and not reader.rawdata.endswith(("<", "</")) else ""


def _plain_arguments(token: Token) -> Iterator[str]:
    for words in _PLAIN_ARGUMENT.findall(token.contents):
        if not _NO_WORDS.fullmatch(words):
            yield from _unmarked(words)


def _unmarked(text: str) -> list[str]:
    rest = text
    for name in SAME_EVERYWHERE:
        rest = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", rest)
    is_shown = _LETTERS.search(rest) and not _CLASS.fullmatch(text.strip())
    return [text.strip()] if is_shown else []


def _words_of(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "add_error" or (isinstance(owner, ast.Name) and owner.id == "messages"):
        yield from call.args[1:2]
    elif name in REFUSALS:
        yield from call.args[:1]
    elif name == "Problem":
        yield from (given.value for given in call.keywords if given.arg in {"text", "where"})
    for given in call.keywords:
        if given.arg in SHOWN_ARGUMENTS:
            yield given.value
        elif given.arg == "error_messages" and isinstance(given.value, ast.Dict):
            yield from given.value.values


def _is_plain(words: ast.expr) -> bool:
    """A text with letters that no function was asked to translate."""
    if isinstance(words, ast.IfExp):
        return _is_plain(words.body) or _is_plain(words.orelse)
    if isinstance(words, ast.JoinedStr):
        return any(_is_plain(part) for part in words.values)
    return isinstance(words, ast.Constant) and isinstance(words.value, str) and bool(_unmarked(words.value))
