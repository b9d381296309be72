"""`satsuma audit`: a person judges a sample of a run's labels; what they say is measured, and can be applied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.options import with_options
from satsuma.errors import Interrupted, SettingsError

if TYPE_CHECKING:
    from satsuma.auditing.sitting import Sitting
    from satsuma.run.trust import Audit

Option = typer.Option


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """The command line of `satsuma audit`."""

    run: Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")]
    n: Annotated[
        int | None, Option("-n", "--n", help="Instances to draw; 50, or as many as last time.", metavar="N", min=1)
    ] = None
    auditor: Annotated[str, Option("--as", help="Who judges.", metavar="NAME")] = "auditor"
    blind: Annotated[bool, Option("--blind", help="Hide the label, and ask for one.")] = False
    source: Annotated[
        Path | None, Option("--from", help="Import verdicts (JSON Lines) instead of asking.", metavar="FILE")
    ] = None
    apply: Annotated[
        Literal["relabel", "drop"] | None,
        Option("--apply", help="Make a copy in which labels that were judged wrong are replaced, or dropped."),
    ] = None
    out: Annotated[Path | None, Option("-o", "--out", help="The copy's directory.", metavar="DIR")] = None
    seed: Annotated[int | None, Option("--seed", help="Another sample; 0, or that of last time, where left out.")] = (
        None
    )
    form: Annotated[
        Literal["text", "json"], Option("--format", help="text asks; json only tells what there is, as JSON.")
    ] = "text"


@with_options(AuditOptions)
def command(options: AuditOptions) -> None:
    """Judge a random sample of a run's labels, and see how many are right."""
    if options.apply is None and options.out is not None:
        raise SettingsError("-o has no meaning without --apply", "--apply relabel or --apply drop makes a copy.")
    if options.apply is not None and options.out is None:
        raise SettingsError("the copy has no place to go", f"Name its directory: --apply {options.apply} -o DIR")
    if options.apply is None:
        _show(options, _audited(options))
        return
    if options.source is not None:
        _audited(options)
    _apply(options)


def _audited(options: AuditOptions) -> Audit:
    """Ask or import, and settle."""
    from satsuma.auditing.sitting import Wanted, sitting

    with sitting(options.run, Wanted(options.n, options.seed, options.auditor), _note) as at:
        if options.source is not None:
            from satsuma.auditing.importing import take

            take(at, options.source, _note)
        elif options.form == "text":
            _ask(at, options)
        return at.settle()


def _ask(at: Sitting, options: AuditOptions) -> None:
    """Ask what is left; an interrupt leaves with everything that was said in place."""
    from satsuma.auditing.dialogue import hold
    from satsuma.auditing.terminal import terminal

    left = len(at.pending())
    try:
        with terminal() as asked:
            heard = hold(at, asked, blind=options.blind)
    except KeyboardInterrupt:
        audit = at.settle()
        message = f"interrupted; {len(at.ids) - len(at.pending())} of {len(at.ids)} are judged and kept"
        raise Interrupted(message, _accuracy(audit)) from None
    if not heard and left and not at.result().judged:
        raise SettingsError(
            "there is nobody to ask: standard input is no terminal, and is empty",
            "Run it in a terminal, pipe one answer a line, or import verdicts with --from FILE.",
        )


def _apply(options: AuditOptions) -> None:
    import json

    from satsuma.auditing.applying import apply_verdicts
    from satsuma.cli.screen import line
    from satsuma.cli.summary import print_run

    if options.apply is None or options.out is None:
        return
    made = apply_verdicts(options.run, options.apply, options.out, _note)
    applied = made.state.applied
    if applied is None:
        return
    if options.form == "json":
        line(json.dumps(applied.model_dump(mode="json"), indent=2, ensure_ascii=False))
        return
    if applied.disputed:
        line(f"{applied.disputed:,} left as they were, since people differ")
    print_run(made)


def _show(options: AuditOptions, audit: Audit) -> None:
    import json

    from satsuma.cli.audited import print_audit
    from satsuma.cli.screen import line

    if options.form == "json":
        line(json.dumps(audit.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        print_audit(audit, options.run)


def _accuracy(audit: Audit) -> str:
    from satsuma.cli.audited import accuracy

    return accuracy(audit) if audit.judged else ""


def _note(text: str) -> None:
    from satsuma.run.plain import plain

    typer.echo(plain(text), err=True)
