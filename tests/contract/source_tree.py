"""What our source says about itself: its modules, and what each of them imports, never executed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "pipeline", "consumers", "api", "ops")


@dataclass(frozen=True)
class Import:
    """One imported name; `eager` when importing the module runs it."""

    importer: str
    name: str  # dotted: of ours down to the module, of others as written
    eager: bool

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]

    @property
    def ours(self) -> bool:
        return self.top in PACKAGES


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of ours, parsed, by dotted name."""
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {_dotted(path): ast.parse(path.read_bytes(), str(path)) for path in files}


@cache
def imports() -> frozenset[Import]:
    """Every import of every module of ours."""
    return frozenset(found for name, tree in modules().items() for found in _imports(name, tree))


def inside(module: str, places: tuple[str, ...]) -> bool:
    """Whether the module is one of the places or lies in one."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def loaded_by(module: str) -> set[str]:
    """The top-level packages of others that importing the module loads, however indirectly."""
    eager: dict[str, set[Import]] = {}
    for found in imports():
        if found.eager:
            eager.setdefault(found.importer, set()).add(found)
    seen: set[str] = set()
    todo, foreign = {module}, set()
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= {parent for parent in _parents(name) if parent not in seen}
        for found in eager.get(name, ()):
            if not found.ours:
                foreign.add(found.top)
            elif found.name not in seen:
                todo.add(found.name)
    return foreign


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(importer: str, tree: ast.Module) -> Iterator[Import]:
    for node, eager in _statements(tree, eager=True):
        if isinstance(node, ast.Import):
            yield from (Import(importer, alias.name, eager) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{importer}: imports are written in full"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield Import(
                    importer, submodule if submodule in modules() else str(node.module), eager
                )


def _statements(node: ast.AST, *, eager: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        here = eager and not lazy and not typing_only
        yield child, here
        yield from _statements(child, eager=here)
