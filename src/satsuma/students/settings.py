"""Every setting of a training, resolved once and saved whole into student.json.

Where a value is None, it is chosen by the kind of student when the training begins (`resolved`), and what was chosen
is what is saved. `OPERATIONAL` settings decide only where and how fast the training runs: another value of them goes on
with the same student.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal, TypedDict, cast

from satsuma.errors import SettingsError
from satsuma.students.mixing import TEMPERATURE

MINILM = "minilm"
Kind = Literal["encoder", "encoder-decoder", "decoder", "frozen"]
"""The families of students. frozen: a linear head on embeddings that stay as they are."""
Precision = Literal["auto", "float32", "bf16"]
OPERATIONAL = frozenset({"device", "micro_batch"})
LATER = frozenset({"instruction", "merge", "multi_task", "temperature"})
"""Settings that came later: where one has its default it is left out of what decides a student, so that those from
before stay the same."""


class TrainOptions(TypedDict, total=False):
    """The settings of a training as keyword arguments; see `TrainSettings`."""

    student: str
    frozen: bool
    epochs: int | None
    batch: int
    micro_batch: int | None
    learning_rate: float | None
    weight_decay: float
    warmup: float
    longest: int
    dev: float
    patience: int
    seed: int
    lora: int | None
    quantize: bool
    precision: Precision
    device: str
    instruction: bool
    multi_task: bool
    temperature: float
    merge: bool


class TrainKeywords(TrainOptions, total=False):
    """The same, and where it is trained: `ray` is `local`, `auto` or HOST:PORT of a Ray cluster."""

    ray: str


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The settings of a training.

    student: `minilm`, a folder or a name on the hub. frozen: a linear head on its embeddings. epochs: at most. batch:
    instances of an optimizer step; micro_batch: of a forward pass, where less fits into memory; None takes the whole.
    learning_rate: at its peak. warmup: share of the steps until then. longest: tokens of an input at most. dev: share
    of the data that early stopping looks at; 0 trains all epochs on everything. patience: epochs without a
    better dev loss before it stops. lora: rank of the adapters, 0 trains all weights; None: 16 for decoders, else 0.
    quantize: 4-bit weights under the adapters (QLoRA). precision: auto is bf16 on a GPU that has it. device: `auto`,
    `cpu`, `cuda`, `cuda:1`, `mps`. instruction: the card's description of the task stands before each text. multi_task:
    several tasks are learned at once; temperature: of their mixture (`satsuma.students.mixing`). merge: the adapters
    become part of the weights in the end, so that the student is a whole checkpoint.
    """

    student: str = MINILM
    frozen: bool = False
    epochs: int | None = None
    batch: int = 16
    micro_batch: int | None = None
    learning_rate: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.1
    longest: int = 256
    dev: float = 0.15
    patience: int = 3
    seed: int = 0
    lora: int | None = None
    quantize: bool = False
    precision: Precision = "auto"
    device: str = "auto"
    instruction: bool = False
    multi_task: bool = False
    temperature: float = TEMPERATURE
    merge: bool = False

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("micro_batch", 1), ("longest", 8), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SettingsError(f"{name} is {value}, but has to be {least} or more")
        if self.learning_rate is not None and not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise SettingsError(f"learning_rate is {self.learning_rate:g}, but has to be more than 0")
        for name, most in (("dev", 0.5), ("warmup", 1.0)):
            if not 0 <= getattr(self, name) <= most:
                raise SettingsError(f"{name} is {getattr(self, name):g}, but has to be from 0 to {most:g}")
        if self.lora is not None and self.lora < 0:
            raise SettingsError(f"lora is {self.lora}, but has to be 0 or more", "0 trains all weights.")
        if self.quantize and self.lora == 0:
            raise SettingsError("4-bit weights cannot be trained themselves", "Leave out --lora 0, or --quantize.")
        if self.quantize and self.merge:
            raise SettingsError("adapters cannot become part of 4-bit weights", "Leave out --merge, or --quantize.")
        if not (self.temperature >= 1 and math.isfinite(self.temperature)):
            raise SettingsError(
                f"temperature is {self.temperature:g}, but has to be 1 or more",
                "1 mixes tasks by their sizes; 100 gives nearly equal shares.",
            )

    def resolved(self, kind: Kind) -> TrainSettings:
        """These settings with nothing left open."""
        lora = self.lora if self.lora is not None else 16 if kind == "decoder" else 0
        rates = {"encoder": 1e-4, "encoder-decoder": 3e-4, "decoder": 5e-5, "frozen": 1.0}
        rate = self.learning_rate or (2e-4 if lora else rates[kind])
        return dataclasses.replace(self, lora=lora, learning_rate=rate, epochs=self.epochs or 10)

    def decisive(self) -> dict[str, object]:
        """What decides which student comes out."""
        named = {f.name: f.default for f in dataclasses.fields(self) if f.name not in OPERATIONAL}
        given = {name: getattr(self, name) for name in named}
        return {name: value for name, value in given.items() if name not in LATER or value != named[name]}


def settings_and_address(options: TrainKeywords) -> tuple[TrainSettings, str]:
    """The settings of a training, and the address of the cluster that trains; empty where this process does.

    Raises:
        SettingsError: one has a value that it cannot have.
    """
    given = cast("TrainOptions", {name: value for name, value in options.items() if name != "ray"})
    return TrainSettings(**given), options.get("ray", "")
