"""The part of Jinja that prompts are written in, and where its cost is counted.

A prompt needs variables, filters, conditions, loops, blocks and the built-in parts; that is the grammar. Macros,
imports, inheritance, recursion and block assignments are not in it, since each is a way to make little text cost
much. Names that begin with an underscore are refused too: nobody needs them but those who look for Python's
internals.

`misuses` finds what is not in the grammar. `metered` rewrites what remains, so that every loop, concatenation and
list goes through a filter that counts (`satsuma.task.sandbox`): Jinja lets a sandbox intercept operators and calls,
but not these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from satsuma.task.flaw import meant, quoted

CHAT = ("system", "user")
"""The blocks of a prompt: one message each."""
MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
INTERNALS = "reaches for Python's internals, which a template may not"
_GRAMMAR: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Block, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.With,
    nodes.Include, nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword,
    nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.Concat, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub,
    nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod,
)  # fmt: skip
_SPOKEN: Mapping[type[nodes.Node], tuple[str, str]] = {
    nodes.AssignBlock: ("`{% set %}…{% endset %}`", "; use `{% set name = … %}`"),
    nodes.CallBlock: ("`{% call %}`", ""),
    nodes.Extends: ("`{% extends %}`", "; use `{% include %}`"),
    nodes.FilterBlock: ("`{% filter %}`", "; use `{{ … | filter }}`"),
    nodes.FromImport: ("`{% from %}`", "; use `{% include %}`"),
    nodes.Import: ("`{% import %}`", "; use `{% include %}`"),
    nodes.Macro: ("`{% macro %}`", ""),
    nodes.NSRef: ("`namespace`", ""),
    nodes.Pow: ("`**`", ""),
    nodes.ScopedEvalContextModifier: ("`{% autoescape %}`", ""),
}
_LOOKS_INTO = frozenset({"in", "notin"})
_OBJECTS = frozenset({"self", "super", "caller", "varargs", "kwargs"})
Misuse = tuple[int, str]
"""A line of the template, from 1, and what is wrong there."""


def misuses(
    tree: nodes.Template, parts: Collection[str], filters: Collection[str], tests: Collection[str]
) -> Iterator[Misuse]:
    """What is not in the grammar.

    Args:
        tree: the parsed template.
        parts: names of the templates that may be included.
        filters: names of the filters that there are.
        tests: names of the tests that there are.
    """
    yield from _chat_misuses(tree)
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.EvalContextModifier | nodes.ScopedEvalContextModifier) or not isinstance(
            node, _GRAMMAR
        ):
            spoken, instead = _SPOKEN.get(type(node), (f"`{type(node).__name__}`", ""))
            yield node.lineno, f"{spoken} is not part of what a prompt may use{instead}"
        elif isinstance(node, nodes.Filter) and node.name not in filters:
            yield node.lineno, f"there is no filter {quoted(node.name)[1:-1]}{meant(node.name, filters)}"
        elif isinstance(node, nodes.Test) and node.name not in tests:
            yield node.lineno, f"there is no test `is {quoted(node.name)[1:-1]}`{meant(node.name, tests)}"
        else:
            yield from ((node.lineno, what) for what in _node_misuses(node, parts))


def _chat_misuses(tree: nodes.Template) -> Iterator[Misuse]:
    """Blocks are messages: their names are known, they do not nest, and nothing stands outside of them."""
    blocks = [node for node in tree.body if isinstance(node, nodes.Block)]
    for block in tree.find_all(nodes.Block):
        if block.name not in CHAT:
            yield block.lineno, f"a block is called system or user, not {quoted(block.name)[1:-1]}"
        elif block not in blocks:
            yield block.lineno, f"the block {block.name} has to stand by itself, not inside something else"
    if not blocks:
        return
    if "user" not in {block.name for block in blocks}:
        yield blocks[0].lineno, "lacks `{% block user %}`: a chat has a user message"
    for node in tree.body:
        if not isinstance(node, nodes.Block) and not _is_blank(node):
            yield node.lineno, "something stands outside of the blocks, where it would not be sent; move it into one"


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(
        isinstance(part, nodes.TemplateData) and not part.data.strip() for part in node.nodes
    )


def _node_misuses(node: nodes.Node, parts: Collection[str]) -> Iterator[str]:
    if isinstance(node, nodes.Name) and node.name in _OBJECTS:
        yield f"`{node.name}` is not a value that a prompt may use"
    for name in _words(node):
        if name.startswith("_") and name != "_":
            yield f"{quoted(name)[1:-1]} {INTERNALS}"
    if isinstance(node, nodes.For) and node.recursive:
        yield "`recursive` is not part of what a prompt may use"
    if isinstance(node, nodes.Call | nodes.Filter | nodes.Test) and (node.dyn_args or node.dyn_kwargs):
        yield "`*` and `**` in a call are not part of what a prompt may use"
    if isinstance(node, nodes.Include):
        part: object = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(part, str):
            yield "an included part has to be named in quotes"
        elif part not in parts:
            yield f"only built-in parts can be included, not {quoted(part)}{meant(part, parts)}"


def _words(node: nodes.Node) -> Iterator[str]:
    """The names that a node uses."""
    if isinstance(node, nodes.Name):
        yield node.name
    elif isinstance(node, nodes.Getattr):
        yield node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        yield node.arg.value if node.arg.value.startswith("__") else ""
    elif isinstance(node, nodes.Filter | nodes.Test):
        yield node.name


def metered(tree: nodes.Template) -> nodes.Template:
    """The same template with counting filters around everything whose cost depends on data. Changes the tree."""
    return cast(nodes.Template, _Meter().visit(tree))


class _Meter(NodeTransformer):
    """Wraps loops, concatenations, literals, slices and the methods of mappings."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja names visitors after node types
        weight = sum(1 for part in (*node.body, *([node.test] if node.test else [])) for _ in _all(part))
        self.generic_visit(node)
        node.iter = _filter(node.iter, "_steps", nodes.Const(weight + 1))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "_concat")

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if all(operand.op not in _LOOKS_INTO for operand in node.ops) and _has_constant(node):
            return node  # comparing with a constant costs no more than the constant is long
        node.expr = _filter(node.expr, "_compared")
        for operand in node.ops:
            operand.expr = _filter(operand.expr, "_compared")
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        return self._literal(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        return self._literal(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        return self._literal(node) if node.ctx == "load" else node

    def _literal(self, node: nodes.Literal) -> nodes.Node:
        self.generic_visit(node)
        return _filter(node, "_literal")

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        ends = (node.arg.start, node.arg.stop, node.arg.step)
        return _filter(node.node, "_slice", *(end if end is not None else nodes.Const(None) for end in ends))

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        # `fields.items()` is a method although an instance may have a field of that name; `fields.items` is the field.
        if isinstance(node.node, nodes.Getattr) and node.node.attr in MAPPING_METHODS:
            called = _filter(node.node.node, "_method", nodes.Const(node.node.attr), *node.args)
            called.kwargs = cast("list[nodes.Pair]", node.kwargs)  # Jinja's parser puts the same there
            return called
        return node


def _has_constant(node: nodes.Compare) -> bool:
    return any(isinstance(side, nodes.Const) for side in (node.expr, *(operand.expr for operand in node.ops)))


def _filter(value: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(value, name, list(args), [], None, None, lineno=value.lineno)
    for arg in args:
        arg.set_lineno(value.lineno)
    return made


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    yield from node.find_all(nodes.Node)
