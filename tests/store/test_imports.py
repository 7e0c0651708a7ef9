"""What a module of a project's own code is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftloop.store.imports import closure

if TYPE_CHECKING:
    from pathlib import Path


def tree(root: Path, **files: str) -> Path:
    """Write modules: `a__b` is a/b.py, and `a__` is a/__init__.py."""
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}{'__init__' if name.endswith('__') else ''}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def names(root: Path, module: str) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in closure({module}, (root,)).values())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import numpy, json", []),
        ("import other", ["other.py"]),
        ("from other import thing", ["other.py"]),
        ("import pkg.deep", ["pkg/__init__.py", "pkg/deep.py"]),
        ("from pkg import deep", ["pkg/__init__.py", "pkg/deep.py"]),
        ("from pkg import missing", ["pkg/__init__.py"]),
        ("import pkg.relative", ["pkg/__init__.py", "pkg/deep.py", "pkg/relative.py"]),
        ("def later():\n    import circular", ["circular.py"]),
        ("import spaced.inner", ["spaced/inner.py"]),
        ("import broken", ["broken.py"]),
        ("if TYPE_CHECKING:\n    import other\nelse:\n    import circular", ["circular.py"]),
    ],
)
def test_closure(tmp_path: Path, text: str, found: list[str]) -> None:
    root = tree(
        tmp_path,
        mine=text,
        other="",
        unused="import other",
        circular="import mine",
        broken="def (",
        pkg__="",
        pkg__deep="",
        pkg__relative="from . import deep",
        spaced__inner="",
    )
    assert names(root, "mine") == sorted(["mine.py", *found])


def test_closure__knows_relative_imports_of_packages_above(tmp_path: Path) -> None:
    root = tree(tmp_path, pkg__="from .deep import thing", pkg__deep="from ..pkg.other import thing", pkg__other="")
    assert names(root, "pkg.other") == ["pkg/__init__.py", "pkg/deep.py", "pkg/other.py"]


def test_closure__of_one_package_leaves_its_neighbours_out(tmp_path: Path) -> None:
    root = tree(tmp_path, pkg__="import other, pkg.deep", pkg__deep="", other="")
    assert closure({"pkg"}, (root,), top="pkg").keys() == {"pkg", "pkg.deep"}


def test_closure__of_what_is_elsewhere_is_empty(tmp_path: Path) -> None:
    assert closure({"numpy"}, (tmp_path,)) == {}
