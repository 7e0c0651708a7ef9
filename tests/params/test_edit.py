"""Single values of params.yaml are replaced; every other byte stays."""

from __future__ import annotations

import re
from datetime import date

import pytest
from architecture import SRC
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.errors import ParamsError
from driftloop.params import parse_yaml
from driftloop.params.data import Accepted
from driftloop.params.edit import with_accepted, with_values

steady = settings(max_examples=100, deadline=None, derandomize=True)

# How a value may stand in a file; the last two are no value at all.
STYLES = [
    "2025-01-01",
    '"2025-01-01T00:00Z"',
    "'it''s old'",
    "two words",
    '"#1: \\" \\u00e9"',
    "null",
    "~",
    "5",
    "",
    "",
]
COMMENTS = ["", "# plain", "# until: 2024-01-01", "# é, 漢字 and 🚲", "#"]


@st.composite
def lines(draw: st.DrawFn) -> tuple[list[tuple[str, str]], str]:
    """Give the lines of a file, each in two parts around the value to replace (or whole and empty), and its line ends."""
    indent = " " * draw(st.integers(1, 4))
    before = draw(
        st.lists(
            st.sampled_from(["model: bikes", "# until: x", "other: {until: 1}", "", "list: [a, 'b']"]), unique=True
        )
    )
    found = [(line, "") for line in before]
    found.append(("source:", ""))
    for key in draw(st.permutations(["kind", "until", "fingerprint", "path"])):
        comment = draw(st.sampled_from(COMMENTS))
        gap = " " * draw(st.integers(1, 20)) if comment else ""
        value = draw(st.sampled_from(STYLES))
        wanted = key in ("until", "fingerprint")
        head = f"{indent}{key}:{' ' * draw(st.integers(1, 3)) if value else ''}"
        found.append(
            (head, f"{value}{gap}{comment}" if wanted else "") if wanted else (f"{head}{value}{gap}{comment}", "")
        )
        found += [
            (line, "") for line in draw(st.lists(st.sampled_from(["", f"{indent}# between", "# left"]), max_size=2))
        ]
    found += [("after:", ""), ("  until: keep me", "")]
    return found, draw(st.sampled_from(["\n", "\r\n"]))


@steady
@given(
    lines(),
    st.sampled_from(["2026-01-05T00:00Z", 'a "b" \\ c', "", "é 🚲", "null", "# no"]),
    st.none() | st.just("f" * 64),
)
def test_with_values__keeps_every_other_byte(
    made: tuple[list[tuple[str, str]], str], until: str, fingerprint: str | None
) -> None:
    rows, end = made
    text = end.join(head + tail for head, tail in rows)
    found = with_values(text, {"source.until": until, "source.fingerprint": fingerprint})

    wanted = parse_yaml(text, where="")
    wanted["source"] |= {"until": until, "fingerprint": fingerprint}
    assert parse_yaml(found, where="") == wanted
    for (head, tail), line in zip(rows, found.split(end), strict=True):
        comment = re.search(r" (#.*)$", tail) if not tail.startswith('"#') else re.search(r'" +(#.*)$', tail)
        if not head.lstrip().startswith(("until", "fingerprint")) or head.endswith("keep me"):
            assert line == head + tail
        else:
            assert line.startswith(head)
            assert line.endswith(f"  {comment[1]}" if comment else ("null", '"'))


def test_with_values__writes_the_repositorys_own_file_back() -> None:
    text = (SRC.parent / "params.yaml").read_bytes().decode()
    source = parse_yaml(text, where="")["source"]
    again = with_values(text, {"source.until": source["until"], "source.fingerprint": source["fingerprint"]})
    assert again == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('source: {until: "x"}', 'source: {until: "new"}'),
        ("source: {until: x, path: null}\n", 'source: {until: "new", path: null}\n'),
        ("{source: {a: [1, 2], until: }}", '{source: {a: [1, 2], until: "new" }}'),
        ('{"source": {"until": null}}', '{"source": {"until": "new"}}'),
        ("source:\n  'until': x\n", "source:\n  'until': \"new\"\n"),
        ("source:\n  until: >-\n    a\n    b\n  path: p\n", 'source:\n  until: "new"\n  path: p\n'),
        ("source:\n  until: |\n    a\n\n# end\n", 'source:\n  until: "new"\n\n# end\n'),
        ("source:\n  until: a\n    b  # both\n", 'source:\n  until: "new"    # both\n'),
        ('source:\n  until:\n    "x"\n', 'source:\n  until:\n    "new"\n'),
        ("\ufeffsource: {until: x}", '\ufeffsource: {until: "new"}'),
        ("--- # first\nsource: {until: x}\n...\n", '--- # first\nsource: {until: "new"}\n...\n'),
    ],
)
def test_with_values__takes_any_way_of_writing(text: str, found: str) -> None:
    assert with_values(text, {"source.until": "new"}) == found


def test_with_values__keeps_the_column_of_comments() -> None:
    text = "source:\n  until: x        # one\n  fingerprint: y  # two\n"
    found = with_values(text, {"source.until": "1234", "source.fingerprint": None})
    assert found == 'source:\n  until: "1234"   # one\n  fingerprint: null  # two\n'


def test_with_values__reaches_any_depth() -> None:
    assert (
        with_values("a:\n  b:\n    c: 1\n  c: 2\nc: 3\n", {"a.b.c": "x", "c": None})
        == 'a:\n  b:\n    c: "x"\n  c: 2\nc: null\n'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source:\n  kind: files\n", "got no such key; write `until: null`"),
        ("model: x\n", "got no such key; write `until: null`"),
        ("source: x\n", "got no such key; write `until: null`"),
        ("", "got no such key; write `until: null`"),
        ("source:\n  until: {a: 1}\n", "got keys; write `until: null`"),
        ("source:\n  until: [a]\n", "got a list; write `until: null`"),
    ],
)
def test_with_values__wants_a_single_value(text: str, said: str) -> None:
    with pytest.raises(ParamsError) as caught:
        with_values(text, {"source.until": "new"})
    assert str(caught.value) == f"params.yaml: source.until: expected a single value, {said}"


@pytest.mark.parametrize(
    "text",
    [
        "source:\n  until: &end x\n  since: y\n",  # the anchor would be lost
        "end: x\nsource:\n  until: *end\n",  # another key would change too
        "source: &s\n  until: x\n",
    ],
)
def test_with_values__refuses_to_change_anything_else(text: str) -> None:
    with pytest.raises(ParamsError, match=r"^params\.yaml at line \d, column \d+: expected a value, got an a"):
        with_values(text, {"source.until": "new"})


def test_with_values__of_what_is_no_yaml_says_where() -> None:
    with pytest.raises(ParamsError, match=r"^params\.yaml at line 1, column 5"):
        with_values("a: [", {"a": "new"})


ACCEPTED = [
    Accepted(column="unit", since=date(2025, 3, 31), categories=["F", "a: b # 'x'"]),
    Accepted(column="true", since=date(2025, 3, 31), range=[-1.5, 95], missing=0.12),
]
LINES = [
    '- {column: "unit", since: "2025-03-31", categories: ["F", "a: b # \'x\'"]}',
    '- {column: "true", since: "2025-03-31", range: [-1.5, 95.0], missing: 0.12}',
]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  accepted: []                # why", "  accepted:                   # why\n    LINES"),
        ("  accepted: null", "  accepted:\n    LINES"),
        ("  accepted:", "  accepted:\n    LINES"),
        ("  key: [ts]  # unique", "  key: [ts]  # unique\n  accepted:\n    LINES"),
        (
            "  accepted:  # why\n  - column: x  # the\n    since: a",
            "  accepted:  # why\n  - column: x  # the\n    since: a\n  LINES",
        ),
        ("  accepted:\n    - {column: x}  # old", "  accepted:\n    - {column: x}  # old\n    LINES"),
    ],
)
@pytest.mark.parametrize("rest", ["windows: {a: 1}\n", "", None])
def test_with_accepted__adds_a_line_for_each_and_keeps_the_others(before: str, after: str, rest: str | None) -> None:
    lines = re.sub(r"( *)LINES", lambda found: "\n".join(found[1] + line for line in LINES), after)
    text = f"# top\ndata:\n  task: x\n{before}" + ("" if rest is None else f"\n{rest}")
    assert with_accepted(text, ACCEPTED) == f"# top\ndata:\n  task: x\n{lines}\n{rest or ''}"


def test_with_accepted__goes_into_brackets_that_hold_something() -> None:
    text = "data:\n  accepted: [{column: x}]  # why\n"
    found = with_accepted(text, ACCEPTED[:1])
    assert found == f"data:\n  accepted: [{{column: x}}, {LINES[0][2:]}]  # why\n"


@pytest.mark.parametrize(
    "text", ["data: {accepted: []}\n", "data: {accepted: [],\n  key: [ts]}\n", "data:\n  accepted: [\n  ]\n"]
)
def test_with_accepted__says_what_it_cannot_extend(text: str) -> None:
    with pytest.raises(ParamsError, match=r"write `accepted: \[\]` on a line of its own"):
        with_accepted(text, ACCEPTED)
