"""The dialogue of an audit: one instance after the other, until all are judged or the auditor leaves.

    sees the label    y right, n wrong (then: which is right), or at once the number of the right one
    blind             the number of the right one
    both              s skip, u undo, m show what was cut, ? help, q quit; / begins a name

On a pipe each answer is a line, and a name or number may stand for itself. An answer that means nothing is told and
asked again. Every verdict is on the disk before the next instance is shown.
"""

from __future__ import annotations

from satsuma.auditing.naming import NotAName
from satsuma.auditing.population import fields_of
from satsuma.auditing.showing import instance_lines, is_cut, listed
from satsuma.auditing.sitting import Sitting
from satsuma.auditing.terminal import Terminal
from satsuma.auditing.verdicts import Label
from satsuma.errors import SettingsError

_WIDE = 60
"""Columns from which on a prompt says in words what the keys do."""
_HELP = """\
y  the label is right
n  it is wrong; then say which one is right: its number, / and its name, or - if none is or you do not know
1, 2, …  this one is right
s  skip this one: it counts for nothing
u  take the last verdict back
m  show what was cut
q  stop; the same command goes on where you stopped"""
_HELP_BLIND = _HELP.split("\n", 2)[2].replace(
    "1, 2, …  this one is right", "1, 2, … or / and a name  this one is right"
)


class _Leave(Exception):
    """The auditor stops."""


def hold(sitting: Sitting, terminal: Terminal, *, blind: bool) -> bool:
    """Judge what is left of the sample; False if the input ended before anything was said.

    Raises:
        SettingsError: `blind`, where no label can be named.
        RunError: a verdict could not be written.
    """
    if blind and not sitting.naming.possible:
        raise SettingsError(
            f"{sitting.card.name} cannot be judged blind: its {sitting.card.output.name} cannot be named with a key",
            "Leave --blind out.",
        )
    return _Dialogue(sitting, terminal, blind=blind).run()


class _Dialogue:
    """One auditor at one terminal."""

    def __init__(self, sitting: Sitting, terminal: Terminal, *, blind: bool) -> None:
        self._at = sitting
        self._terminal = terminal
        self._blind = blind
        self._again: list[str] = []
        self._answered = False

    def run(self) -> bool:
        """Go through what is left."""
        try:
            while True:
                while (identifier := self._next()) is not None:
                    self._judge(identifier)
                if not self._terminal.interactive or not self._undone_at_the_end():
                    return True
        except _Leave:
            return self._answered

    def _next(self) -> str | None:
        pending = self._at.pending()
        taken_back = [one for one in self._again if one in pending]
        return taken_back[-1] if taken_back else next(iter(pending), None)

    def _undone_at_the_end(self) -> bool:
        answer = self._ask("All of the sample is judged. u takes the last verdict back, any other key ends:", 0)
        return answer.casefold() == "u" and self._undo()

    def _judge(self, identifier: str) -> None:
        """Show an instance until there is a verdict on it, or on the one before it no more."""
        self._show(identifier, whole=False)
        while True:
            answer = self._ask(self._prompt(identifier), len(self._names(identifier)))
            if self._settled(identifier, answer):
                return

    def _settled(self, identifier: str, answer: str) -> bool:
        """Whether an answer ends the look at an instance."""
        command = answer.casefold()
        if self._blind and answer in self._names(identifier):  # a label that is called `s`
            return self._named(identifier, answer)
        if command == "q":
            raise _Leave
        if command == "u":
            return self._undo()
        if command == "s":
            self._at.say(identifier, "skip")
            return True
        if command in ("m", "?"):
            self._more(identifier, command)
            return False
        if command in ("y", "n") and not self._blind:
            return self._yes_or_no(identifier, right=command == "y")
        return self._named(identifier, answer)

    def _more(self, identifier: str, command: str) -> None:
        if command == "m":
            self._show(identifier, whole=True)
        else:
            self._terminal.say(_HELP_BLIND if self._blind else _HELP)

    def _undo(self) -> bool:
        undone = self._at.undo()
        if undone is None:
            self._terminal.say("There is nothing to take back.")
            return False
        self._again.append(undone)
        return True

    def _yes_or_no(self, identifier: str, *, right: bool) -> bool:
        if right:
            self._at.say(identifier, "right", self._at.label_of(identifier))
            return True
        if not self._at.naming.possible:
            self._at.say(identifier, "wrong")
            return True
        return self._which(identifier)

    def _which(self, identifier: str) -> bool:
        """Ask which label is right; False if the auditor went back to the instance."""
        names = self._names(identifier)
        self._terminal.say(f"Which is right?   {listed(names)}")
        while True:
            if self._at.naming.several:
                answer = self._line("numbers or names with commas, 0 for none, - if you do not know, u to go back:")
            else:
                answer = self._ask("its number, / and a name, - none or not known, u to go back:", len(names))
            if answer == "u" and "u" not in names:
                return False
            if answer in ("-", "0") and not (answer == "0" and self._at.naming.several):
                self._at.say(identifier, "wrong")
                return True
            if self._named(identifier, answer):
                return True

    def _named(self, identifier: str, answer: str) -> bool:
        """Take an answer for the right label; False, and told, if it is none."""
        row = self._at.rows[identifier]
        fields = fields_of(self._at.card, row)
        if not self._at.naming.possible:
            self._terminal.say(f"{answer} means nothing here: y or n, ? for help.")
            return False
        try:
            label: Label = self._at.naming.meant(fields, answer)
        except NotAName as problem:
            self._terminal.say(f"{problem}; ? for help." if len(answer) > 1 else f"{answer} means nothing here: ?")
            return False
        right = label == self._at.label_of(identifier)
        if right and not self._blind:
            self._terminal.say("That is the label it has: noted as right.")
        self._at.say(identifier, "right" if right else "wrong", label)
        return True

    def _names(self, identifier: str) -> tuple[str, ...]:
        return self._at.naming.names(fields_of(self._at.card, self._at.rows[identifier]))

    def _show(self, identifier: str, *, whole: bool) -> None:
        done = len(self._at.ids) - len(self._at.pending())
        self._terminal.say("")
        self._terminal.say(f"[{done + 1}/{len(self._at.ids)}] {identifier}")
        for text in instance_lines(self._at.naming, self._at.rows[identifier], blind=self._blind, whole=whole):
            self._terminal.say(text)
        names = self._names(identifier)
        if not self._at.card.option_fields and names:
            self._terminal.say(f"  {listed(names)}")

    def _prompt(self, identifier: str) -> str:
        asked = f"{self._at.naming.output.name}?" if self._blind else "right?"
        if self._terminal.width < _WIDE:
            keys = "no. s u q ?" if self._blind else "y n s u q ?"
            return f"{asked} {keys}"
        most = len(self._names(identifier))
        number = f"1-{most} · " if most > 1 else ""
        more = "m more · " if is_cut(self._at.naming, self._at.rows[identifier]) else ""
        first = "" if self._blind else "y n · "
        return f"{asked} {first}{number}s skip · u undo · {more}q quit · ? help"

    def _ask(self, prompt: str, most: int) -> str:
        return self._heard(self._terminal.ask(prompt, most))

    def _line(self, prompt: str) -> str:
        return self._heard(self._terminal.line(prompt))

    def _heard(self, answer: str | None) -> str:
        if answer is None:
            raise _Leave
        self._answered = True
        return answer
