"""Allow-list of the code in a generated tree.

Descriptions, names and values come from a documentation page: whatever the generator makes of them, a module that has
anything but imports, classes, functions and literals, or calls what no generated module calls, is refused.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import contract_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MODULES = {
    "__future__", "attrs", "collections.abc", "dataclasses", "http", "httpx", "importlib", "ssl", "typing",
    "urllib.parse",
}  # fmt: skip
# What the templates of openapi-python-client 0.29.1 and of this folder call.
AT_IMPORT = {
    "TypeVar", "Unset", "_attrs_field", "field",
    *(each.__name__ for each in vars(contract_model).values() if isinstance(each, type) and issubclass(each, tuple)),
}  # fmt: skip
FUNCTIONS = {
    *AT_IMPORT, "AttributeError", "HTTPStatus", "Response", "TypeError", "ValueError", "cast", "cls", "dataclass",
    "dict", "evolve", "float", "int", "isinstance", "list", "quote", "str", "super",
}  # fmt: skip
LAZY_IMPORT = {"getattr", "import_module"}
METHODS = {
    "AsyncClient", "Client", "UnexpectedStatus", "__aenter__", "__aexit__", "__enter__", "__exit__", "__init__",
    "append", "decode", "from_dict", "get_async_httpx_client", "get_httpx_client", "items", "json", "keys", "pop",
    "request", "to_dict", "update",
}  # fmt: skip
DECORATORS = {"_attrs_define", "classmethod", "dataclass", "dataclass(frozen=True, slots=True)", "define", "property"}
IMPORTS = (ast.Import, ast.ImportFrom)
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
STATEMENTS = (
    *IMPORTS, *FUNCTION, ast.AnnAssign, ast.Assign, ast.Delete, ast.Expr, ast.For, ast.If, ast.Pass, ast.Raise,
    ast.Return, ast.Try,
)  # fmt: skip
EXPRESSIONS = (
    ast.Attribute, ast.Await, ast.BinOp, ast.BoolOp, ast.Call, ast.Compare, ast.Constant, ast.Dict, ast.DictComp,
    ast.FormattedValue, ast.IfExp, ast.JoinedStr, ast.List, ast.Name, ast.Set, ast.Starred, ast.Subscript, ast.Tuple,
    ast.UnaryOp,
)  # fmt: skip


def is_text(node: ast.stmt) -> bool:
    """Return whether a statement is a plain string."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_type_checking(node: ast.stmt) -> bool:
    """Return whether a statement only imports for the type checker."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        and not node.orelse
        and all(isinstance(each, IMPORTS) for each in node.body)
    )


def assigned_name(node: ast.stmt) -> str | None:
    """Return the one name that a statement sets; None for any other statement."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def bound(body: Iterable[ast.stmt]) -> Iterator[str]:
    """List the names that statements bind, one for each time."""
    for node in body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            yield node.name
        elif isinstance(node, IMPORTS):
            yield from (each.asname or each.name for each in node.names)
        elif isinstance(node, ast.If):
            yield from bound(node.body)
        elif name := assigned_name(node):
            yield name


def at_import(body: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    """List the expressions that importing a module evaluates."""
    for node in body:
        if isinstance(node, FUNCTION):
            arguments = (*node.args.defaults, *(each for each in node.args.kw_defaults if each))
            annotations = (each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg))
            yield from (each for each in (*arguments, *annotations, node.returns) if each)
        elif isinstance(node, ast.ClassDef):
            yield from (*node.bases, *(each.value for each in node.keywords))
            yield from at_import(node.body)
        elif isinstance(node, ast.Assign):
            yield node.value
        elif isinstance(node, ast.AnnAssign):
            yield from (each for each in (node.annotation, node.value) if each)


def misplaced(tree: ast.Module) -> Iterator[ast.AST]:
    """Find statements of modules and classes where the templates have none of their kind."""
    for index, node in enumerate(tree.body):
        plain = isinstance(node, (*IMPORTS, *FUNCTION, ast.ClassDef)) or assigned_name(node) or is_type_checking(node)
        if not plain and not (index == 0 and is_text(node)):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from (
                each for each in node.body if not (isinstance(each, FUNCTION) or is_text(each) or assigned_name(each))
            )


def is_known(node: ast.AST, functions: set[str], methods: set[str]) -> bool:  # noqa: PLR0911 -- one case for each kind of node
    """Return whether a template has such an import, call, decorator or name."""
    match node:
        case ast.Import():
            return {each.name for each in node.names} <= MODULES
        case ast.ImportFrom():
            return bool(node.level) or node.module in MODULES
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return all(ast.unparse(each) in DECORATORS for each in node.decorator_list)
        case ast.Call(func=ast.Name(id=name)):
            return name in functions
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in methods
        case ast.Call():
            return False
        case ast.Attribute():
            return not node.attr.startswith("__") or node.attr in METHODS
        case ast.Name():
            return not node.id.startswith("__") or node.id in ("__all__", "__name__")
        case ast.Expr():
            return is_text(node) or isinstance(node.value, (ast.Await, ast.Call))
        case _:
            return isinstance(node, (*STATEMENTS, *EXPRESSIONS)) or not isinstance(node, (ast.stmt, ast.expr))


def unknown(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    """Find statements, expressions, calls and names that no template has."""
    own = {each.name for each in ast.walk(tree) if isinstance(each, (*FUNCTION, ast.ClassDef))}
    functions = FUNCTIONS | own | (LAZY_IMPORT if name == "models/__init__.py" else set())
    early = {each for expression in at_import(tree.body) for each in ast.walk(expression)}
    for node in ast.walk(tree):
        if not (is_known(node, AT_IMPORT, set()) if node in early else is_known(node, functions, METHODS)):
            yield node


def shown(node: ast.AST) -> str:
    """Show the beginning of a piece of code on one line."""
    return f"{type(node).__name__} {ast.unparse(node)[:80]!r}"


def module_faults(tree: ast.Module, name: str) -> Iterator[str]:
    """List what a module of the generated client has and no template makes."""
    for node in dict.fromkeys((*misplaced(tree), *unknown(tree, name))):
        yield f"{name}:{getattr(node, 'lineno', 0)}: unexpected {shown(node)}"
    names = list(bound(tree.body))
    yield from (f"{name}: {each} is bound twice" for each in sorted({each for each in names if names.count(each) > 1}))


def code_faults(tree: Path) -> list[str]:
    """List what is in a generated tree and in no template, each with its place."""
    faults = []
    for path in sorted(each for each in tree.rglob("*") if each.is_file()):
        name = path.relative_to(tree).as_posix()
        if path.suffix != ".py":
            faults += [] if name == "py.typed" else [f"{name}: no such file is generated"]
            continue
        try:
            faults += module_faults(ast.parse(path.read_text(encoding="utf-8")), name)
        except SyntaxError as error:
            faults.append(f"{name}:{error.lineno}: {error.msg}")
    return faults
