"""Prompts: Jinja templates, compiled once, rendered to the messages of a chat.

A prompt is `{% block system %}…{% endblock %}{% block user %}…{% endblock %}`; a template without blocks is the user
message alone. A system message that renders to nothing is left out; a user message has to say something. Values are
data: they are passed as variables and never rendered themselves. What a template may do, and what keeps it from doing
more, is in `satsuma.task.grammar` and `satsuma.task.sandbox`.

Not covered: which names a prompt may use (`satsuma.task.prompting`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import TracebackType

from jinja2 import Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context

from satsuma.llm.request import Message
from satsuma.task.builtin import part_names, prompt_text
from satsuma.task.card import Origin
from satsuma.task.filters import MAX_TEXT, Meter, TooMuch
from satsuma.task.flaw import Flaw, card_error, meant, nearest
from satsuma.task.grammar import Misuse, misuses
from satsuma.task.sandbox import PromptEnvironment, public_filters

MAX_SOURCE = 256 * 1024
_HOPELESS = (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError)
"""What Python says, besides Jinja's own errors, of a template that is nested or written absurdly."""

_ABSURD = "is not a template that can be used: it is nested too deeply, or has a number that is too long"


@cache
def _environment() -> PromptEnvironment:
    return PromptEnvironment()


@cache
def _globals() -> Mapping[str, object]:
    return dict(_environment().globals)


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A compiled template. origin: what errors call it. source: what it was compiled from."""

    origin: Origin
    source: str
    template: Template

    def render(self, **variables: object) -> tuple[Message, ...]:
        """The messages: system, unless it is blank, and user.

        Values are text, numbers, lists, tuples and mappings of these.

        Raises:
            CardError: a name is undefined, the user message is blank, or the template does what it may not.
        """
        blocks = self.template.blocks
        context = self._context(variables)
        system = self._render(context, blocks["system"]).strip() if "system" in blocks else ""
        user = self._render(context, blocks.get("user", self.template.root_render_func)).strip()
        if not user:
            raise card_error([_flaw(self.origin, 0, "renders to nothing; a prompt has to say something")])
        return (Message("system", system), Message("user", user)) if system else (Message("user", user),)

    def render_text(self, **variables: object) -> str:
        """The text that the template makes, without space around it.

        Raises:
            CardError: a name is undefined, or the template does what it may not.
        """
        return self.render_whole(**variables).strip()

    def render_whole(self, **variables: object) -> str:
        """The text that the template makes, with the space around it.

        Raises:
            CardError: a name is undefined, or the template does what it may not.
        """
        return self._render(self._context(variables), self.template.root_render_func)

    def _context(self, variables: Mapping[str, object]) -> Context:
        # Renderings of one template share nothing: context and meter are new each time. It is made by hand, since
        # `Template.new_context` merges the variables with the globals through slower mappings.
        given = {**_globals(), **variables, "_meter": Meter()}
        return Context(_environment(), given, self.template.name, self.template.blocks)

    def _render(self, context: Context, block: Callable[[Context], Iterator[str]]) -> str:
        try:
            return _collected(block(context))
        except (TemplateError, ArithmeticError, TypeError, *_HOPELESS) as error:
            raise card_error([_flaw(self.origin, _line_of(error), self._told(error, context))]) from None

    def _told(self, error: Exception, context: Context) -> str:
        message = str(error) or type(error).__name__
        if isinstance(error, UndefinedError):
            given = [name for name in context.parent if not name.startswith("_") and name != "range"]
            names = names_in(self.source)
            gone = next((n for n in names if n not in given and message.startswith(f"{n} is not defined")), None)
            return message + meant(gone, given) if gone else message
        return message


def _collected(parts: Iterable[str]) -> str:
    made: list[str] = []
    length = 0
    for part in parts:
        length += len(part)
        if length > MAX_TEXT:
            raise TooMuch(f"it renders to more than {MAX_TEXT:,} characters")
        made.append(part)
    return "".join(made)


def compile_prompt(source: str, where: str | Origin = "prompt") -> PromptTemplate:
    """The compiled template; the same source and origin are compiled once.

    Args:
        source: the Jinja text.
        where: what it is called in errors: a field's name, or where it came from (`Card.origin`).

    Raises:
        CardError: it is not a template, or uses what a prompt may not.
    """
    return _compiled(source, where if isinstance(where, Origin) else Origin(field=where))


def built_in(name: str) -> PromptTemplate:
    """The built-in prompt of a step (`instance`), or of `text` or `target`; that it is one, tests have seen to.

    Raises:
        KeyError: there is none of that name.
    """
    source = prompt_text(f"{name}.jinja")
    if source is None:
        raise KeyError(name)
    return _compiled(source, Origin(field=f"prompts/{name}.jinja"), checked=True)


@lru_cache(maxsize=1024)
def _compiled(source: str, origin: Origin, *, checked: bool = False) -> PromptTemplate:
    tree, found = (_environment().parse(source), []) if checked else _read(source)
    if found:
        raise card_error([_flaw(origin, line, what) for line, what in found])
    try:
        return PromptTemplate(origin, source, _environment().from_string(tree))
    except TemplateSyntaxError as error:
        raise card_error([_flaw(origin, error.lineno, _plain(error))]) from None
    except (TemplateError, *_HOPELESS):
        raise card_error([_flaw(origin, 0, _ABSURD)]) from None


def _read(source: str) -> tuple[nodes.Template, list[Misuse]]:
    """A template's tree, and what is wrong with it whatever it is rendered with; no tree to use where anything is."""
    environment, none = _environment(), nodes.Template([])
    if len(source) > MAX_SOURCE:
        return none, [(0, f"is longer than {MAX_SOURCE // 1024} kB, which is more than a prompt needs")]
    if not source.strip():
        return none, [(0, "is blank; a prompt has to say something")]
    try:
        tree = environment.parse(source)
        found = misuses(tree, part_names(), public_filters(environment), environment.tests)
        return tree, list(dict.fromkeys(found))
    except TemplateSyntaxError as error:
        return none, [(error.lineno, _plain(error))]
    except _HOPELESS:
        return none, [(0, _ABSURD)]


def template_misuses(source: str, names: Collection[str]) -> Iterator[Misuse]:
    """Everything that is wrong with a template, without rendering it: lines from 1 (0: the whole), and what.

    names: the variables that it will be given.
    """
    tree, found = _read(source)
    if found:
        yield from found
        return
    try:
        _environment().compile(source)  # which changes the tree that it is made of
    except (TemplateError, *_HOPELESS):
        yield 0, _ABSURD
    for name in sorted(names_in(source) - set(names)):
        used = [n.lineno for n in tree.find_all(nodes.Name) if n.name == name and n.ctx == "load"]
        yield min(used, default=0), f"{name} is not defined{_or_known(name, names)}"


def _or_known(name: str, names: Collection[str]) -> str:
    near = nearest(name, names)
    return f"; did you mean {near}?" if near else f"; a template can use {', '.join(sorted(names))} here"


@lru_cache(maxsize=1024)
def names_in(source: str) -> frozenset[str]:
    """The variables that a template uses, those of the parts that it includes among them."""
    environment = _environment()
    tree = environment.parse(source)
    names = set(meta.find_undeclared_variables(tree)) - set(environment.globals)
    for part in meta.find_referenced_templates(tree):
        names |= names_in(prompt_text(part or "") or "")
    return frozenset(names)


def _flaw(origin: Origin, line: int | None, what: str) -> Flaw:
    """A flaw at a line of a template, or at the template as a whole."""
    if line and origin.file and origin.exact:
        return Flaw(what, origin.field, origin.file, origin.line + line - 1)
    if line and line > 1:
        return Flaw(f"line {line}: {what}", origin.field, origin.file, origin.line)
    return Flaw(what, origin.field, origin.file, origin.line)


def template_flaws_at(source: str, origin: Origin, names: Collection[str]) -> Iterator[Flaw]:
    """`template_misuses` as flaws of a card."""
    for line, what in template_misuses(source, names):
        yield _flaw(origin, line, what)


def _line_of(error: BaseException) -> int:
    """The line of the template in which a rendering failed; 0 if that was in an included part."""
    at: TracebackType | None = error.__traceback__
    line = 0
    while at is not None:
        template = at.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            line = template.get_corresponding_lineno(at.tb_lineno) if template.name is None else 0
        at = at.tb_next
    return line


def _plain(error: TemplateSyntaxError) -> str:
    message = str(error.message or "is not a template")
    return f"is not a template: {message[:1].lower()}{message[1:].rstrip('.')}"
