"""`satsuma models`: who can be named with --model, and whether the key is there."""

from __future__ import annotations

import typer


def command() -> None:
    """List the providers, the variables that hold their keys, and whether each is set."""
    from satsuma.cli.screen import columns
    from satsuma.llm.models import Listed, list_models

    def key(row: Listed) -> str:
        if row.variable:
            return f"{row.variable} is set"
        if not row.variables:
            return "no key"
        return " or ".join(row.variables) + (" is not set" if row.needs_key else " (optional)")

    def name(row: Listed) -> str:
        return row.name if ":" in row.name or not row.name.islower() else f"{row.name}/NAME"

    columns(
        [(name(row), key(row), f"{row.url} {f'({row.about})' if row.about else ''}".strip()) for row in list_models()]
    )
    typer.echo("\nFor example: --model openai/gpt-4.1-mini; keys are read from the environment and never stored.")
