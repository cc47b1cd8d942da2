"""Which tests there are, without running pytest. In: test files. Out: whether a test's id exists.

An id is what pytest prints: `tests/plan/rules/test_security.py::test_fact_holds[…]`. Files and folders are ids too.
"""

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

_ID: Final = re.compile(r"(?P<path>tests(?:/[^:\[]*)?)(?:::(?P<names>[^\[]+))?(?:\[(?P<case>.+)\])?\Z")


@dataclass(frozen=True)
class TestFile:
    """What a file of tests defines: names of tests (`Class::test`), which of them have cases, words that name cases."""

    names: frozenset[str]
    with_cases: frozenset[str]
    words: frozenset[str]


def exists(root: Path, test_id: str) -> bool:
    """Whether pytest would find it. Of a case it is looked up whether a word of the file begins its id."""
    match = _ID.match(test_id)
    if not match:
        return False
    path = root / match["path"]
    if not match["names"]:
        return not match["case"] and (path.is_dir() or (path.is_file() and path.name.startswith("test_")))
    if not path.is_file():
        return False
    file = read(path, root)
    name = match["names"]
    if match["case"]:
        return name in file.with_cases and any(_names(word, match["case"]) for word in file.words)
    return name in file.names


def known(root: Path, path: str) -> list[str]:
    """The ids of a file of tests, or else all files of tests."""
    if (root / path).is_file():
        return [f"{path}::{name}" for name in sorted(read(root / path, root).names)]
    return [file.relative_to(root).as_posix() for file in sorted((root / "tests").rglob("test_*.py"))]


def _names(word: str, case: str) -> bool:
    return len(word) > 1 and (f"-{word}" in f"-{case}" or word.startswith(case))


def read(path: Path, root: Path) -> TestFile:
    """Parse a file. Raises SyntaxError if it is no Python."""
    return _read(path, root, path.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _read(path: Path, root: Path, _: int) -> TestFile:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    with_cases: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            _add(node, "", names, with_cases)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            names.add(node.name)
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    _add(method, f"{node.name}::", names, with_cases)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == "TestCase":
            for target in node.targets:
                if isinstance(target, ast.Name):
                    names |= {target.id, f"{target.id}::runTest"}
    return TestFile(frozenset(names), frozenset(with_cases), frozenset(_words(tree, root)))


def _add(node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str, names: set[str], with_cases: set[str]) -> None:
    if not node.name.startswith("test"):
        return
    names.add(prefix + node.name)
    # A case comes from parametrize or from a fixture with params, and a fixture is an argument.
    if [argument for argument in node.args.args if argument.arg != "self"]:
        with_cases.add(prefix + node.name)


def _words(tree: ast.Module, root: Path, depth: int = 2) -> frozenset[str]:
    """Texts and names in a file, and in the modules of ours that it imports: what ids of cases are made of."""
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
            words.add(str(node.value))
        elif isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module and depth:
            base = Path(*node.module.split("."))
            for folder in (root / "tests", root / "src"):
                for file in (folder / base.with_suffix(".py"), folder / base / "__init__.py"):
                    if file.is_file():
                        words |= _words_of(file, root, depth - 1)
    return frozenset(words)


@lru_cache(maxsize=1024)
def _words_of(file: Path, root: Path, depth: int) -> frozenset[str]:
    return _words(ast.parse(file.read_text(encoding="utf-8")), root, depth)
