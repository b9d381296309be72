"""Kinds of output: what an answer makes, what a corrector's answer means, and what is a mistake."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from satsuma.errors import CardError
from satsuma.task.instance import Span
from satsuma.task.loader import load_card
from satsuma.task.outputs import Asked, Draft, Mistake, OutputKind, output_of

LABELS = {"a": "the first", "b": "the second", "c": "the third"}


def _output(inputs: Mapping[str, object], **output: object) -> OutputKind:
    return output_of(load_card({"task": "A task.", "inputs": dict(inputs), "output": dict(output)}))


def _draft(kind: OutputKind, wanted: str, index: int = 0, **answer: object) -> Draft:
    asked = Asked(wanted, 0, index)
    return kind.draft({}, kind.instance_answer(asked).model_validate(answer), asked)


class TestSeveralLabels:
    """`labels` with `multiple`."""

    kind = staticmethod(lambda least=1, most=2: _output({"post": "A post."}, labels=LABELS, multiple=[least, most]))

    def test_the_asked_label_is_always_among_those_that_are_wanted(self) -> None:
        kind = self.kind()
        wanted = [kind.wanted(Asked("b", 0, index)) for index in range(50)]
        assert all("b" in labels and len(labels) in (1, 2) for labels in wanted)
        assert {len(labels) for labels in wanted} == {1, 2}

    def test_labels_are_in_the_order_of_the_card(self) -> None:
        kind = self.kind(2, 3)
        assert all(labels == tuple(sorted(labels)) for i in range(30) if (labels := kind.wanted(Asked("c", 0, i))))

    def test_an_instance_without_labels_counts_for_none(self) -> None:
        kind = self.kind(0)
        draft = _draft(kind, "none", post="x")
        assert (draft.output, draft.label, draft.shown) == ((), "none", "none")
        assert set(kind.weights()) == {*LABELS, "none"}

    def test_after_correction_an_instance_counts_for_the_asked_label_if_that_holds(self) -> None:
        kind = self.kind()
        draft = _draft(kind, "b", post="x")
        answer = kind.correction_answer(draft.fields)
        kept = kind.judgement(draft, answer.model_validate({"reason": "r", "label": ["c", "b"]}))
        lost = kind.judgement(draft, answer.model_validate({"reason": "r", "label": ["c"]}))
        assert (kept.output, kept.label) == (("b", "c"), "b")
        assert (lost.output, lost.label) == (("c",), "c")

    def test_an_unknown_label_is_no_answer(self) -> None:
        kind = self.kind()
        with pytest.raises(ValueError, match="label"):
            kind.correction_answer({}).model_validate({"reason": "r", "label": ["d"]})


class TestSpans:
    """`labels` with `spans`."""

    @staticmethod
    def kind(least: int = 0) -> OutputKind:
        return _output({"sentence": "A sentence."}, labels=LABELS, spans="sentence", multiple=[least, 1])

    def test_spans_stand_where_their_words_stand(self) -> None:
        draft = _draft(self.kind(), "a", sentence="Rome or Rome, Ada?", label=[{"text": "Ada", "label": "a"}])
        assert draft.output == (Span(14, 17, "a", "Ada"),)
        assert draft.shown == "a: Ada"

    def test_the_same_words_named_again_are_the_next_ones(self) -> None:
        named = [{"text": "Rome", "label": "a"}, {"text": "Rome", "label": "b"}]
        draft = _draft(self.kind(), "a", sentence="Rome or Rome?", label=named)
        assert draft.output == (Span(0, 4, "a", "Rome"), Span(8, 12, "b", "Rome"))

    @pytest.mark.parametrize(
        ("named", "why"),
        [
            ([("Oslo", "a")], "does not stand in sentence word for word"),
            ([("Rome", "a"), ("Rome", "a"), ("Rome", "a")], "as often as it is named"),
            ([("Rome or", "a"), ("or Rome", "b")], "overlap"),
            ([("Rome", "b")], "no span of the label a"),
        ],
    )
    def test_words_that_are_not_there_overlap_or_lack_the_label_are_a_mistake(
        self, named: list[tuple[str, str]], why: str
    ) -> None:
        spans = [{"text": text, "label": label} for text, label in named]
        with pytest.raises(Mistake, match=why):
            _draft(self.kind(), "a", sentence="Rome or Rome?", label=spans)

    def test_an_instance_without_spans_asks_for_no_spans(self) -> None:
        kind = self.kind()
        assert "label" not in kind.instance_answer(Asked("none", 0, 0)).model_fields
        assert _draft(kind, "none", sentence="Nothing.").output == ()

    def test_examples_and_rows_are_read_alike(self) -> None:
        kind, fields = self.kind(), {"sentence": "Ada in Rome"}
        row = [
            {"start": 0, "end": 3, "label": "a", "text": "Ada"},
            {"start": 7, "end": 11, "label": "b", "text": "Rome"},
        ]
        assert kind.read(fields, ["a: Ada", "b: Rome"]) == kind.read(fields, row)


class TestSpan:
    """`span`: words of a text, or none."""

    kind = staticmethod(
        lambda none=True: _output(
            {"passage": "P", "question": "Q"}, name="answer", span={"field": "passage", "none": none}
        )
    )

    def _given(self, label: str, **answer: object) -> Draft:
        kind, asked = self.kind(), Asked(label, 0, 0)
        given = {"passage": "It was built in Lyon in 1902."}
        return kind.draft(given, kind.instance_answer(asked).model_validate({"question": "q", **answer}), asked)

    def test_the_words_are_kept_as_the_text_has_them(self) -> None:
        assert self._given("answerable", answer="in lyon").output == "in Lyon"

    def test_words_that_are_not_in_the_text_are_a_mistake(self) -> None:
        with pytest.raises(Mistake, match="does not stand in passage"):
            self._given("answerable", answer="Paris")

    def test_an_unanswerable_instance_has_an_empty_answer(self) -> None:
        draft = self._given("unanswerable")
        assert (draft.output, draft.label) == ("", "unanswerable")

    @pytest.mark.parametrize(
        ("said", "output", "label"),
        [
            ("Lyon", "in Lyon", "answerable"),
            ("1902", "1902", "answerable"),
            ("", "", "unanswerable"),
        ],
    )
    def test_a_corrector_keeps_replaces_or_takes_away(self, said: str, output: str, label: str) -> None:
        kind, draft = self.kind(), self._given("answerable", answer="in Lyon")
        answer = kind.correction_answer(draft.fields).model_validate({"reason": "r", "answer": said})
        judged = kind.judgement(draft, answer)
        assert (judged.output, judged.label) == (output, label)

    def test_a_correctors_words_that_are_not_in_the_text_do_not_count(self) -> None:
        kind, draft = self.kind(), self._given("answerable", answer="in Lyon")
        with pytest.raises(Mistake):
            kind.judgement(draft, kind.correction_answer({}).model_validate({"reason": "r", "answer": "Paris"}))


class TestSeveralRightOptions:
    """`choice` with `right`."""

    kind = staticmethod(
        lambda: _output(
            {"q": "Q", "answers": "An answer."}, choice={"field": "answers", "count": [4, 6], "right": [1, 3]}
        )
    )

    def _sizes(self, index: int) -> tuple[int, int]:
        fields = self.kind().instance_answer(Asked("all", 0, index)).model_fields
        sizes = [
            next(m.min_length for m in fields[n].metadata if hasattr(m, "min_length")) for n in ("correct", "wrong")
        ]
        return sizes[0], sizes[1]

    def test_numbers_are_drawn_from_their_ranges(self) -> None:
        drawn = [self._sizes(i) for i in range(100)]
        assert {right for right, _ in drawn} == {1, 2, 3}
        assert {right + wrong for right, wrong in drawn} == {4, 5, 6}

    def test_positions_point_at_the_right_options_in_every_order(self) -> None:
        places = set()
        for index in range(20):
            right, wrong = self._sizes(index)
            answer = {"q": "q", "correct": [f"r{i}" for i in range(right)], "wrong": [f"w{i}" for i in range(wrong)]}
            draft = _draft(self.kind(), "all", index, **answer)
            options = draft.fields["answers"]
            assert isinstance(options, tuple)
            assert isinstance(draft.output, tuple)
            assert {o for at, o in enumerate(options) if at in draft.output} == {f"r{i}" for i in range(right)}
            places.add(draft.output)
        assert len(places) > 5

    def test_equal_options_are_a_mistake(self) -> None:
        right, wrong = self._sizes(0)
        with pytest.raises(Mistake, match="the same"):
            _draft(self.kind(), "all", q="q", correct=["x"] * right, wrong=["X"] * wrong)


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ({"labels": LABELS, "multiple": [2, 9]}, "from 0 to 3 labels"),
        ({"labels": LABELS, "multiple": [0, 0]}, "teaches nothing"),
        ({"labels": LABELS, "multiple": [1, 2], "ordinal": True}, "one step of a scale"),
        ({"labels": {**LABELS, "none": "x"}, "multiple": [0, 2]}, "without any label is called"),
        ({"labels": LABELS, "spans": "nowhere"}, "not one of the inputs"),
        ({"span": "nowhere"}, "not one of the inputs"),
        ({"text": "t", "spans": "x"}, "needs labels"),
        ({"choice": {"field": "options", "count": 3, "right": 3}}, "so that one is wrong"),
        ({"span": "x", "proportions": {"answerable": 1}}, "needs labels"),
        ({"span": {"field": "x", "none": True}, "proportions": {"answerable": 1}}, "unanswerable"),
    ],
)
def test_outputs_that_contradict_themselves_are_told(output: dict[str, object], why: str) -> None:
    card = {"task": "A task.", "inputs": {"x": "X", "options": "O"}, "output": output}
    with pytest.raises(CardError, match=why):
        load_card(card)
