"""What people read under a pull request."""

from __future__ import annotations

from comparisons import make_comparison

from driftloop.comparison.wording import MARKER, Difference, Result, body, text


def test_text__says_when_nothing_differs() -> None:
    same = (Difference("m.json", "mae", 1.0, 1.0), Difference("m.json", "rows", 3, 3))
    said = text(make_comparison(metrics=same, params=()))
    assert "2 metrics are equal on both sides." in said
    assert "No parameter differs." in said
    assert "No metrics on either side." in text(make_comparison(metrics=()))
    assert "is not known" in text(make_comparison(moved=None))


# Folding


def result(place: int, said: str = "text") -> Result:
    return Result("a" * 40, f"{place:040x}", f"{said} {place}")


def test_body__folds_the_last_three() -> None:
    made = ""
    for place in range(1, 7):
        made = body(result(place), made)
    assert made.startswith(f"{MARKER}\n<!-- driftloop:result {'a' * 40}..{6:040x} -->\ntext 6\n")
    assert [place for place in range(1, 7) if f"text {place}\n" in made] == [3, 4, 5, 6]
    assert made.count("<details>") == made.count("</details>") == 3
    assert body(result(6), made) == made
    assert body(result(6), made.replace("\n", "\r\n")) == made
    again = body(result(4, "other"), made)
    assert "text 4" not in again
    assert [place for place in range(1, 7) if f"text {place}\n" in again] == [3, 5, 6]


def test_body__never_is_longer_than_github_takes() -> None:
    made = ""
    for place in range(1, 5):
        made = body(result(place, "x" * 30_000), made)
        assert len(made) <= 65_536
    assert made.count("<details>") == 1
    made = body(result(9, "line\n" * 30_000), made)
    assert len(made) <= 65_536
    assert made.endswith("longer text.\n<!-- driftloop:end -->")
    rows = tuple(Difference("m.json", "|" * 9_000 + str(place), place, place + 1) for place in range(3_000))
    assert len(text(make_comparison(metrics=rows, params=rows))) < 65_536
