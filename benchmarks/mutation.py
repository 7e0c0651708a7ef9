"""Which faults in `core` do the tests find? One small fault at a time, in a copy of HEAD.

    uv run python benchmarks/mutation.py --one-in 25 --jobs 2

Faults are chosen by a hash of their line, so the same lines are broken again after files have moved.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CORE = Path("src/driftloop/core")
OPERATORS: dict[type[ast.AST], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in",
    ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is", ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*",
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One change of one expression."""

    path: Path
    line: int
    before: str
    after: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(CORE)}:{self.line}: {self.before} → {self.after}"


def broken(node: ast.AST) -> ast.expr | None:
    """Change one expression, where it is of a kind that can be broken."""
    match node:
        case (
            ast.Compare(left=left, ops=[operator], comparators=[right]) | ast.BinOp(left=left, op=operator, right=right)
        ):
            return swapped(left, operator, right)
        case ast.BoolOp(values=[part, *_]) | ast.IfExp(body=part) | ast.UnaryOp(op=ast.Not(), operand=part):
            return part
        case ast.Constant(value=bool(value)):
            return ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            return ast.Constant(value + 1)
    return None


def swapped(left: ast.expr, operator: ast.AST, right: ast.expr) -> ast.expr | None:
    """Put another operator in its place."""
    if type(operator) not in OPERATORS:
        return None
    text = f"({ast.unparse(left)}) {OPERATORS[type(operator)]} ({ast.unparse(right)})"
    return ast.parse(text, mode="eval").body


def expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the code, annotations, decorators, imports and texts aside."""
    yield node
    for name, child in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list", "type_params"):
            for each in child if isinstance(child, list) else [child]:
                if isinstance(each, ast.AST) and not isinstance(each, ast.Import | ast.ImportFrom | ast.JoinedStr):
                    yield from expressions(each)


def faults(path: Path, source: str) -> list[Fault]:
    """List what can be broken in a module."""
    found, lines = [], source.encode().splitlines(keepends=True)
    for node in expressions(ast.parse(source)):
        changed = broken(node)
        if changed is None or not isinstance(node, ast.expr):
            continue
        start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
        end = sum(map(len, lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
        before, after = ast.unparse(node), ast.unparse(changed)
        text = b"".join([source.encode()[:start], f"({after})".encode(), source.encode()[end:]]).decode()
        found.append(Fault(path, node.lineno, before, after, text))
    return found


def chosen(fault: Fault, source: str, one_in: int) -> bool:
    line = source.splitlines()[fault.line - 1].strip()
    return int(sha256(f"{line}\0{fault.before}\0{fault.after}".encode()).hexdigest(), 16) % one_in == 0


def survives(copy: Path, fault: Fault) -> bool:
    """Break a copy, run its tests of core, and mend it again."""
    place = copy / fault.path
    sound = place.read_text(encoding="utf-8")
    place.write_text(fault.text, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(copy / "src")}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "tests/core", str(CORE)]
    try:
        return not subprocess.run(command, cwd=copy, env=env, capture_output=True, timeout=300, check=False).returncode
    except subprocess.TimeoutExpired:
        return False
    finally:
        place.write_text(sound, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one-in", type=int, default=25, help="of all faults, how many are tried")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    start, picked = time.time(), []
    for path in sorted((ROOT / CORE).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        inside = path.relative_to(ROOT)
        picked += [fault for fault in faults(inside, source) if chosen(fault, source, options.one_in)]
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(options.jobs):
            copy = Path(folder) / str(number)
            copy.mkdir()
            archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x"], cwd=copy, input=archive, check=True)
            copies.put(copy)

        def tried(fault: Fault) -> bool:
            copy = copies.get()
            try:
                return survives(copy, fault)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(options.jobs) as pool:
            alive = [fault for fault, lives in zip(picked, pool.map(tried, picked), strict=True) if lives]
    for fault in alive:
        print("not found:", fault.name)
    print(f"{len(picked) - len(alive)} of {len(picked)} faults found, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
