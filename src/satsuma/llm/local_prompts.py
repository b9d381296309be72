"""What a model in this process is given to read: a conversation through the model's own chat template.

Rule: the text of a message is data. Wherever it spells one of the model's control tokens (`<|im_end|>`, `</s>`), an
invisible space is put into it, so that a seed or a row cannot end the user's turn and begin a system's.

* A template that knows no system turn gets the system's text at the start of the first turn of the user.
* Models that can think aloud are asked not to (`enable_thinking=False`, which other templates ignore): the answer is
  constrained to the schema from its first token on.
* A model without a template, a base model, gets the conversation as plain text: `System: …`, `User: …`, `Assistant:`.
  That is said once.

The schema is written into the prompt as well as held by constrained decoding: constraints keep the form, but only a
model that has read the names and descriptions fills it with sense.

Not covered: images, tools, and ending a base model's answer that has no schema before it goes on as the user.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol, cast

from satsuma.errors import ModelError
from satsuma.llm.parse import encodable
from satsuma.llm.refusals import with_schema_in_prompt
from satsuma.llm.request import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from satsuma.llm.request import Request

INVISIBLE = "\u200b"
"""A space without width."""
SPEAKERS = {"system": "System", "user": "User", "assistant": "Assistant"}


class Tokenizer(Protocol):
    """What is needed of a tokenizer of transformers; vLLM's has the same."""

    chat_template: str | dict[str, str] | None

    @property
    def all_special_tokens(self) -> list[str]:
        """The control tokens by their names."""
        ...

    def apply_chat_template(self, conversation: list[dict[str, str]], **options: bool) -> object:
        """The conversation as one text."""
        ...

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """The text's tokens."""
        ...


class Prompts:
    """Makes one model's prompts.

    Raises:
        ModelError: the model comes without a tokenizer for text.
    """

    def __init__(self, name: str, tokenizer: Tokenizer) -> None:
        if not callable(getattr(tokenizer, "encode", None)):
            raise ModelError(f"{name} has no tokenizer for text", "Choose a model that generates text.")
        self._name = name
        self._tokenizer = tokenizer
        self._controls = control_tokens(tokenizer)
        self.has_template = bool(getattr(tokenizer, "chat_template", None))

    def tokens(self, request: Request) -> list[int]:
        """The tokens of a request, its schema included.

        Raises:
            ModelError: the chat template cannot be used.
        """
        schema = request.schema
        messages = with_schema_in_prompt(request, schema) if schema is not None else request.messages
        clean = [Message(m.role, defused(encodable(m.content), self._controls)) for m in messages]
        if not self.has_template:
            return list(self._tokenizer.encode(plain(clean), add_special_tokens=True))
        return list(self._tokenizer.encode(self._render(clean), add_special_tokens=False))

    def _render(self, messages: Sequence[Message]) -> str:
        """The conversation through the template, without a system turn if it knows none."""
        import jinja2

        try:
            try:
                return self._apply(messages)
            except jinja2.TemplateError:
                if messages[0].role != "system":
                    raise
                return self._apply(without_system(messages))
        except jinja2.TemplateError as error:
            raise ModelError(
                f"the chat template of {self._name} does not take a system and a user message: {error}",
                "Choose a model that is made for conversation.",
            ) from error

    def _apply(self, messages: Sequence[Message]) -> str:
        turns = [{"role": m.role, "content": m.content} for m in messages]
        rendered = self._tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return cast("str", rendered)


def control_tokens(tokenizer: Tokenizer) -> tuple[str, ...]:
    """The texts that a tokenizer takes for control tokens, the longest first."""
    added = getattr(tokenizer, "added_tokens_decoder", {}).values()
    names = {*tokenizer.all_special_tokens, *(str(token) for token in added if getattr(token, "special", False))}
    return tuple(sorted((n for n in names if len(n) > 1), key=lambda n: (-len(n), n)))


def defused(text: str, controls: Iterable[str]) -> str:
    """`text` with an invisible space in whatever would be read as a control token."""
    for control in controls:
        if control in text:
            text = text.replace(control, control[0] + INVISIBLE + control[1:])
    return text


def without_system(messages: Sequence[Message]) -> list[Message]:
    """The messages with the system's text at the start of what follows it."""
    system, *rest = messages
    if not rest:
        return [Message("user", system.content)]
    return [Message(rest[0].role, f"{system.content}\n\n{rest[0].content}"), *rest[1:]]


def plain(messages: Sequence[Message]) -> str:
    """A conversation for a model without a chat template."""
    return "".join(f"{SPEAKERS[m.role]}: {m.content}\n\n" for m in messages) + "Assistant:"


def seed_of(request: Request, tokens: Sequence[int]) -> int:
    """The seed of a request's randomness, 0 to 2**31 - 1.

    It comes from the seed that would be sent and from the prompt: with the former alone, all requests of a run would
    follow the same random numbers, and similar prompts would get similar answers. More room for the answer
    (`max_tokens`) changes nothing before the point where it was cut off.
    """
    text = f"{request.wire_seed()}/{','.join(map(str, tokens))}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") & 0x7FFFFFFF
