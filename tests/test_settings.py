"""Settings: what they refuse, and how a card's own models join them."""

from __future__ import annotations

import dataclasses

import pytest

from satsuma.errors import SettingsError
from satsuma.settings import OPERATIONAL, Options, Settings


def test_every_setting_can_be_given_by_name() -> None:
    assert {f.name for f in dataclasses.fields(Settings)} == set(Options.__annotations__) | {"n", "model"}


def test_operational_settings_are_settings() -> None:
    assert set(Settings(1, "openai/m").operational()) == OPERATIONAL
    assert not OPERATIONAL & set(Settings(1, "openai/m").decisive())


@pytest.mark.parametrize("n", [0, -3])
def test_a_dataset_has_at_least_one_instance(n: int) -> None:
    with pytest.raises(SettingsError, match=f"n is {n}, but has to be 1 or more"):
        Settings(n, "openai/m")


def test_a_cards_models_hold_for_steps_that_were_given_none() -> None:
    settings = Settings(1, "openai/m", models={"seeds": "openai/s"})
    joined = settings.with_models_of({"seeds": "groq/x", "correction": "anthropic/c"})
    assert joined.models == {"seeds": "openai/s", "correction": "anthropic/c"}


def test_a_replay_asks_nobody_but_its_recording() -> None:
    settings = Settings(1, "replay:runs/x")
    assert settings.with_models_of({"correction": "anthropic/c"}).models == {}
