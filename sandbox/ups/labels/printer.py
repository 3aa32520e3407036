"""Labels in printer languages, 203 dots per inch (ups.md 5.10)."""

from sandbox.ups.labels.facts import LabelFacts

_TRANSLITERATED = str.maketrans("^~\\", "   ")


def zpl_text(facts: LabelFacts) -> str:
    """Zebra's language, 4 by 6 inches; the barcode is a true Code 128."""
    lines = ["^XA", "^LH0,0^PW812^LL1218^CI28"]
    lines += _zpl_block(facts.sender, left=30, top=30, height=24)
    lines.append(_zpl_line(f"{facts.weight}  {facts.place} OF {facts.places}", left=500, top=30, height=30))
    lines.append("^FO20,190^GB770,4,4^FS")
    lines.append(_zpl_line("SHIP TO:", left=30, top=210, height=24))
    lines += _zpl_block(facts.receiver, left=150, top=210, height=32)
    lines.append("^FO20,520^GB770,4,4^FS")
    lines.append(_zpl_line(facts.routing, left=30, top=540, height=70))
    lines.append(_zpl_line(facts.service_name.upper(), left=30, top=640, height=50))
    lines.append(_zpl_line("TRACKING #: " + facts.tracking_number, left=30, top=700, height=30))
    lines.append(f"^FO60,750^BY3^BCN,220,N,N,N^FD{facts.tracking_number}^FS")
    lines.append(_zpl_line(facts.description[:50], left=30, top=1000, height=26))
    lines += _zpl_block(facts.references, left=30, top=1040, height=26)
    lines += [_zpl_line("SAMPLE", left=520, top=1120, height=60), "^XZ"]
    return "\n".join(lines)


def epl_text(facts: LabelFacts) -> str:
    """Eltron's language, short."""
    texts = (*facts.sender, *facts.receiver, facts.service_name, facts.tracking_number, *facts.references)
    rows = [f'A30,{30 + 34 * place},0,3,1,1,N,"{_plain(text)}"' for place, text in enumerate(texts)]
    barcode = f'B60,800,0,1,3,6,200,N,"{facts.tracking_number}"'
    return "\n".join(["N", "q812", "Q1218,24", *rows, barcode, "P1", ""])


def spl_text(facts: LabelFacts) -> str:
    """Star's line language, short."""
    texts = (*facts.sender, *facts.receiver, facts.service_name, facts.tracking_number, *facts.references)
    return "\x1b@" + "".join(f"{_plain(text)}\r\n" for text in texts) + "\x1bd\x03"


def signature_slip(facts: LabelFacts) -> str:
    """The extra slip of international thermal labels."""
    line = _zpl_line("INVOICE SIGNATURE  " + facts.tracking_number, left=30, top=60, height=32)
    return f"^XA\n{line}\n^FO30,160^GB700,3,3^FS\n^XZ"


def _zpl_block(lines: tuple[str, ...], *, left: int, top: int, height: int) -> list[str]:
    return [
        _zpl_line(line, left=left, top=top + place * (height + 6), height=height) for place, line in enumerate(lines)
    ]


def _zpl_line(text: str, *, left: int, top: int, height: int) -> str:
    return f"^FO{left},{top}^A0N,{height},{height}^FD{text.translate(_TRANSLITERATED)}^FS"


def _plain(text: str) -> str:
    return text.replace('"', "'").replace("\\", "/")
