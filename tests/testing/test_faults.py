"""Faults and latencies come as often as they should, and end."""

from statistics import median, quantiles

import pytest

from satsuma.errors import SettingsError
from satsuma.testing.faults import Fault, Faults, Latency, malform
from satsuma.testing.words import Draw


def test_latencies_have_the_median_and_the_99th_percentile_that_were_given() -> None:
    latency = Latency(median_ms=50, p99_ms=500)
    drawn = [latency.seconds(Draw("latency", i)) for i in range(20_000)]

    assert median(drawn) == pytest.approx(0.050, rel=0.05)
    assert quantiles(drawn, n=100)[98] == pytest.approx(0.500, rel=0.15)


def test_without_a_tail_every_answer_takes_the_median() -> None:
    assert {Latency(median_ms=20).seconds(Draw(i)) for i in range(10)} == {0.02}
    assert Latency().seconds(Draw(0)) == 0


def test_each_fault_comes_as_often_as_its_share() -> None:
    faults = Faults(rate=0.1, error=0.1, drop=0.05, hang=0.01, consecutive=1)
    drawn = [faults.on_the_way(Draw("fault", i), 1) for i in range(20_000)]

    for fault, share in ((Fault.RATE, 0.1), (Fault.ERROR, 0.1), (Fault.DROP, 0.05), (Fault.HANG, 0.01), (None, 0.74)):
        assert drawn.count(fault) / len(drawn) == pytest.approx(share, rel=0.15)


def test_no_attempt_after_the_consecutive_ones_goes_wrong() -> None:
    faults = Faults(drop=1.0, consecutive=2)

    assert [faults.on_the_way(Draw(0), attempt) for attempt in (1, 2, 3, 4)] == [Fault.DROP, Fault.DROP, None, None]


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_what_is_not_a_share_is_refused_by_name(share: float) -> None:
    with pytest.raises(SettingsError, match="malformed is"):
        Faults(malformed=share)


def test_shares_of_transport_above_one_together_are_refused() -> None:
    with pytest.raises(SettingsError, match="more than 1 together"):
        Faults(rate=0.6, error=0.6)


def test_a_latency_below_zero_is_refused() -> None:
    with pytest.raises(SettingsError, match="-1"):
        Latency(median_ms=-1)


def test_malformed_content_is_never_what_was_said() -> None:
    content = '{"label":"billing"}'
    made = {malform(content, Draw(i)) for i in range(100)}

    assert content not in made
    assert len(made) == 6
