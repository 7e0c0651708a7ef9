"""What GitHub would make of a text."""

from __future__ import annotations

import pytest
from decisions import CLOSING, HOSTILE, alive, referring

from driftloop.report import markdown


def test_plain__leaves_nothing_alive() -> None:
    shown = markdown.plain(HOSTILE)
    assert "\n" not in shown
    assert "<" not in shown
    assert shown.startswith(r"a \| \`b\` $(touch pwned) --&gt; &lt;img src=x&gt;")
    assert shown.endswith("@\u200bann #\u200b1 \\[x\\](y) \\*z\\*")
    assert alive(shown) == alive(markdown.plain(CLOSING)) == referring(markdown.quiet(CLOSING)) == []
    assert len(markdown.plain("x" * 999)) == 200
    assert markdown.plain("wind_speed _x_") == r"wind_speed \_x\_"


def test_table__keeps_cells_apart() -> None:
    assert markdown.table(["a|b", "c\nd"], [["<!--", "\\|"]]) == (
        "| a\\|b | c d |\n| --- | --- |\n| &lt;!-- | \\\\\\| |"
    )


@pytest.mark.parametrize("text", ["x" * 100, "line\n" * 20])
def test_cut__keeps_to_the_limit(text: str) -> None:
    assert markdown.cut(text, 100) == text
    shorter = markdown.cut(text, 70)
    assert len(shorter) <= 70
    assert shorter.endswith(markdown.CUT)


def test_fit__leaves_out_what_ranks_highest() -> None:
    parts = [("a" * 40_000, 0), ("b" * 40_000, 2), ("c" * 40_000, 1), ("d", 3), ("", 9)]
    text = markdown.fit(parts)
    assert len(text) <= markdown.LONGEST
    assert [part[:1] for part in text.split("\n\n")] == ["a", "…", "…", "…"]
    assert markdown.fit(parts[:1] + parts[3:]) == f"{'a' * 40_000}\n\nd"


def test_fit__what_has_no_rank_is_cut_at_the_end() -> None:
    assert len(markdown.fit([("x" * 70_000, 0)])) <= markdown.LONGEST


def test_quiet__drops_what_shows_nothing() -> None:
    assert markdown.quiet("a\u202eb\x1b[31m\u2066\x00\u200bc\ud800") == "ab[31mc\ufffd"


@pytest.mark.parametrize("text", ["a", "```", "a\n````\nb", "``` ```"])
def test_fenced__ends_where_it_should(text: str) -> None:
    head, *inside, end = markdown.fenced(text).splitlines()
    assert head == f"{end}text"
    assert not any(end in line for line in inside)
