"""Markdown for GitHub: figures, tables and folded parts, no longer than GitHub takes, and nothing alive in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from driftloop.core.figures import figure
from driftloop.core.text import line, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 65_536  # characters that GitHub takes as the text of an issue or a comment
LONGEST_TITLE = 256
LONGEST_NAME = 200  # of what comes from data or parameters: names of columns may be of any length
CUT = "\n\n… cut, for GitHub takes no longer text."
SECTION_CUT = "… a section was cut, for GitHub takes no longer text."
# Mentions, #1, GH-1 and addresses: GitHub closes issues for `fixes` before any of the last three.
ACTIVE = re.compile(r"[@#](?=\w)|:(?=//)|\bGH(?=-)|\bwww(?=\.)", re.IGNORECASE)
ROOM = 200  # characters for what is put around a text later


def about(value: float) -> str:
    """Write a number with two digits that count, for sums nobody should read closer.

    >>> about(6547.3), about(0.1234)
    ('6,500', '0.12')
    """
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 else f"{rounded:.2g}"  # noqa: PLR2004


def signed(value: float) -> str:
    """Write a number that may be negative, with a minus that is as wide as a plus."""
    return figure(value).replace("-", "−")


def quiet(text: str) -> str:
    r"""Make one line in which GitHub finds no mention, no reference to an issue and no address, closing words or not.

    A space of no width keeps their parts apart; it works in titles too, where nothing can be escaped. Characters that
    show nothing, such as those that turn the direction of what follows, are dropped before.

    >>> quiet("fixes GH-1, closes\nme/it#2 @all").replace("\u200b", "|")
    'fixes GH|-1, closes me/it#|2 @|all'
    """
    said = line(text)
    said = said if len(said) <= LONGEST_NAME else said[: LONGEST_NAME - 1] + "…"
    return ACTIVE.sub(lambda found: f"{found[0]}\u200b", said)


def plain(text: str) -> str:
    r"""Show a text as it is, in one line: no Markdown, no HTML, no mention and no reference come alive in it.

    >>> plain("a_b *c* <!-- x --> @all").replace("\u200b", "|")
    'a_b \\*c\\* &lt;!-- x --&gt; @|all'
    """
    said = quiet(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", said)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; whatever stands in its cells is shown as it is."""
    lines = [[plain(text) for text in head], ["---"] * len(head), *[[plain(text) for text in row] for row in rows]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def fenced(text: str, language: str = "text") -> str:
    r"""Show a text of several lines as it is; nothing in it ends the fence.

    >>> fenced("a\n```\nb").splitlines()[0]
    '````text'
    """
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{visible(text)}\n{fence}"


def folded(head: str, text: str) -> str:
    """Fold a text under its head."""
    return f"<details><summary>{head}</summary>\n\n{text}\n\n</details>" if text else ""


def cut(text: str, longest: int = LONGEST) -> str:
    """Shorten a text that GitHub would refuse, at the end of a line where there is one."""
    if len(text) <= longest:
        return text
    kept = text[: longest - len(CUT)]
    return (kept.rpartition("\n")[0] or kept) + CUT


def fit(parts: Sequence[tuple[str, int]]) -> str:
    """Join the parts; where they are too long for GitHub, leave out those of the highest rank first (0: never)."""
    kept = [(text, rank) for text, rank in parts if text]
    while len(text := "\n\n".join(part for part, _ in kept)) > LONGEST - ROOM:
        highest = max(rank for _, rank in kept)
        if not highest:
            return cut(text, LONGEST - ROOM)
        kept = [(part if rank < highest else SECTION_CUT, rank if rank < highest else 0) for part, rank in kept]
    return text
