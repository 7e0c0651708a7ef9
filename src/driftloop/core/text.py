"""Text from data, parameters and other programs, made safe for a log, a title or a page.

What a stranger wrote may hide or turn around what stands beside it (control and direction characters), break a UTF-8
file (halves of surrogate pairs), or be obeyed by the runner of Actions (workflow commands). Nothing else is changed.
"""

from __future__ import annotations

import json
import re
import unicodedata

STEERING = frozenset({"Cc", "Cf"})  # Unicode's control and format characters
REPLACEMENT = "\ufffd"
# The runner looks for `::` behind leading blanks, and for the older `##[` anywhere in a line.
COMMAND = re.compile(r"^[^\S\n]*:(?=:)|#(?=#\[)", re.MULTILINE)


def visible(text: str) -> str:
    r"""Drop characters that show nothing; line breaks stay, other white space becomes a blank.

    >>> visible("a\tb\x1b[31m\u202ec\u200b\ud800\r\nd")
    'a b[31mc�\nd'
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def _visible(char: str) -> str:
    if char.isspace():
        return "\n" if char == "\n" else " "
    kind = unicodedata.category(char)
    return "" if kind in STEERING else REPLACEMENT if kind == "Cs" else char


def line(text: str) -> str:
    r"""Make one line of it, without characters that show nothing.

    >>> line(" a\r\n\u2028b\x00 ")
    'a b'
    """
    return " ".join(visible(text).split())


def log(text: str) -> str:
    r"""Make it safe for a log: nothing in it is a workflow command.

    >>> log("a\n  ::error::b\n##[group]c::d")
    'a\n  : :error::b\n# #[group]c::d'
    """
    return COMMAND.sub(lambda found: f"{found[0]} ", visible(text))


def data(value: object) -> str:
    r"""Write JSON for a log: readable, the same data, and nothing in it steers a terminal or the runner.

    >>> data({"a": "é\u202e##[x]"})
    '{\n  "a": "é\\u202e#\\u0023[x]"\n}'
    """
    written = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    shown = "".join(char if _visible(char) == char else _escaped(char) for char in written)
    return shown.replace("##[", r"#\u0023[")


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
