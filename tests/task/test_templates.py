"""Prompts: chats that render fast, say where they are wrong, and can neither reach anything nor go on for ever."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping

import pytest

from satsuma.errors import CardError
from satsuma.llm.request import Message
from satsuma.task.builtin import PROMPTS, part_names, prompt_names, prompt_text
from satsuma.task.card import Origin
from satsuma.task.filters import MAX_TEXT
from satsuma.task.prompting import NAMES
from satsuma.task.sandbox import MAX_RANGE
from satsuma.task.templates import built_in, compile_prompt, names_in, template_misuses

VALUES: Mapping[str, object] = {
    "x": "hello there",
    "d": {"name": "N", "items": "I", "_x": "hidden"},
    "rows": [{"a": "1"}, {"a": "2"}],
    "n": 3,
}


def rendered(source: str, **values: object) -> str:
    return compile_prompt(source, "prompts.instance").render_text(**{**VALUES, **values})


def refusal(source: str, **values: object) -> str:
    with pytest.raises(CardError) as caught:
        compile_prompt(source, "prompts.instance").render(**{**VALUES, **values})
    return caught.value.message


def test_a_prompt_is_a_chat() -> None:
    prompt = compile_prompt(
        "{% block system %}\nBe {{ a }}.\n{% endblock %}\n{% block user %}\nDo {{ b }}.\n{% endblock %}\n"
    )
    assert prompt.render(a="kind", b="it") == (Message("system", "Be kind."), Message("user", "Do it."))
    assert names_in(prompt.source) == {"a", "b"}


def test_a_template_without_blocks_is_the_user_message() -> None:
    assert compile_prompt("Do {{ b }}.").render(b="it") == (Message("user", "Do it."),)


def test_a_blank_system_message_is_left_out_and_a_blank_user_message_is_an_error() -> None:
    prompt = compile_prompt(
        "{% block system %}{{ a }}{% endblock %}{% block user %}{{ b }}{% endblock %}", "prompts.seeds"
    )
    assert prompt.render(a=" ", b="it") == (Message("user", "it"),)
    with pytest.raises(CardError, match="renders to nothing; a prompt has to say something"):
        prompt.render(a="a", b=" ")


def test_values_are_data_and_never_templates() -> None:
    for hostile in ("{{ 7 * 7 }}", "{% for i in range(9) %}x{% endfor %}", "{# gone #}", "<b>&amp;</b>", "{% raw %}"):
        assert rendered("say {{ x }}!", x=hostile) == f"say {hostile}!"


def test_the_usual_things_can_be_said() -> None:
    assert rendered("{{ d['name'] }}{{ d.name.lower() }}{{ d.get('name') }}{{ x[0:2] }}{{ x[-1] }}") == "NnNhee"
    assert (
        rendered("{% for i in [1, 2, 3] %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}")
        == "1/3,2/3,3/3"
    )
    assert rendered("{% for r in rows if r.a == '2' %}{{ r.a }}{% else %}none{% endfor %}") == "2"
    assert (
        rendered(
            "{{ rows | map(attribute='a') | join('-') }} {{ rows | length }} {{ rows | join('+', attribute='a') }}"
        )
        == "1-2 2 1+2"
    )
    assert (
        rendered("{{ x ~ ' ' ~ n }} {{ n + 1 }} {{ 'ab' * 2 }} {{ n is divisibleby 3 }}") == "hello there 3 4 abab True"
    )
    assert (
        rendered("{{ x | title | replace('H', 'J') | truncate(5, true) }} {{ 2.345 | round(1) }} {{ '7' | int + 1 }}")
        == "Je... 2.3 8"
    )
    assert rendered("{{ ['a\nb'] | join | indent(2) }}|{{ {'k': 'ü'} | tojson }}") == 'a\n  b|{"k": "ü"}'
    assert rendered("{% set a, b = [1, 2] %}{% with c = a %}{{ c }}{{ b }}{% endwith %}") == "12"
    assert rendered("{{ y | default('nothing') }} {{ y is defined }} {{ 'll' in x }}") == "nothing False True"


def test_a_field_may_be_called_like_a_method_of_a_mapping() -> None:
    assert rendered("{{ d.items }}{% for key, value in d.items() %} {{ value }}{% endfor %}") == "I N I hidden"
    assert (
        rendered("{% for key in d.keys() %}{{ key }} {% endfor %}{{ d.values() | list | length }}") == "name items _x 3"
    )
    assert rendered("{{ d.get('name') }}{{ d.get('nope', 'other') }}") == "Nother"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ x.items() }}", "items is not something that a prompt may take from a text"),
        ("{% for i in nope.items() %}{{ i }}{% endfor %}", "nope is not defined"),
        ("{{ d.get('name', rows) }}", "a list or a mapping cannot be an argument here"),
        ("{{ d.get(key='name') }}", "takes no keyword arguments"),
        ("{{ d.items('name') }}", "takes no arguments"),
        ("{{ (d.get)('name') }}{{ (d['get'])('name') }}", "there is no get in it"),
    ],
)
def test_a_method_of_a_mapping_is_called_as_it_is_meant_or_not_at_all(source: str, said: str) -> None:
    assert said in refusal(source)


REACHING = [
    "{{ ''.__class__.__mro__ }}",
    "{{ x['__class__'] }}",
    "{% set a = '__cla' ~ 'ss__' %}{{ x[a] }}",
    "{{ x.upper.__self__ }}",
    "{{ (1).__class__ }}",
    "{{ range.__doc__ }}",
    "{{ rows.__init__ }}",
    "{{ d.keys().__class__ }}",
    "{{ _meter }}",
    "{{ d._x }}",
    "{% for i in rows %}{{ loop.__init__ }}{% endfor %}",
    "{{ x | _steps }}",
    "{{ x is __y }}",
    "{{ d.name.__class__ }}",
    "{{ rows | map(attribute='__class__') | join }}",
    "{{ rows | join(attribute='__class__') }}",
    "{{ rows | selectattr('a.__class__') | list | length }}",
    "{{ odd.secret }}",
    "{{ odd['secret'] }}",
    "{{ odd() }}",
    "{{ x.join.real }}",
]


class Odd:
    """An object that is not plain data."""

    secret = "s"

    def __call__(self) -> str:
        return "called"


@pytest.mark.parametrize("source", REACHING)
def test_pythons_internals_cannot_be_reached(source: str) -> None:
    said = refusal(source, odd=Odd())
    assert "prompts.instance: " in said
    assert any(
        words in said for words in ("reaches for Python's internals", "no test `is", "is not to be called", "no filter")
    ), said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "`{% macro %}` is not part of what a prompt may use"),
        ("{% block user %}{{ self.user() }}{% endblock %}", "`self` is not a value that a prompt may use"),
        ("{% extends 'instance.jinja' %}", "`{% extends %}` is not part of what a prompt may use; use `{% include %}`"),
        ("{% import 'instance.jinja' as i %}", "`{% import %}` is not part"),
        (
            "{% include '/etc/passwd' %}",
            'only built-in parts can be included, not "/etc/passwd"; known are examples.jinja',
        ),
        ("{% include 'exmples.jinja' %}", "did you mean examples.jinja?"),
        ("{% include x %}", "an included part has to be named in quotes"),
        ("{% filter upper %}a{% endfilter %}", "`{% filter %}` is not part"),
        (
            "{% set a %}b{% endset %}",
            "`{% set %}…{% endset %}` is not part of what a prompt may use; use `{% set name = … %}`",
        ),
        ("{% call x() %}b{% endcall %}", "`{% call %}` is not part"),
        ("{% autoescape true %}b{% endautoescape %}", "is not part"),
        ("{% for r in rows recursive %}{{ loop(r) }}{% endfor %}", "`recursive` is not part"),
        ("{{ x.replace(*rows) }}", "`*` and `**` in a call are not part"),
        ("{{ 2 ** 9 }}", "`**` is not part"),
        ("{{ x | attr('y') }}", "there is no filter attr"),
        ("{{ x | uper }}", "there is no filter uper; did you mean upper?"),
        ("{{ rows | random }}", "there is no filter random"),
        ("{{ x is strng }}", "there is no test `is strng`; did you mean string?"),
        ("{% block foo %}a{% endblock %}{% block user %}a{% endblock %}", "a block is called system or user, not foo"),
        ("{% block system %}a{% endblock %}", "lacks `{% block user %}`"),
        ("{% block user %}a{% endblock %}{{ x }}", "something stands outside of the blocks"),
        ("{% if n %}{% block user %}a{% endblock %}{% endif %}", "the block user has to stand by itself"),
        ("{{ x", "is not a template: unexpected end of template"),
        ("{% if %}", "is not a template: expected an expression"),
        ("{% do x %}", "is not a template: encountered unknown tag 'do'"),
        ("  ", "is blank"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "is nested too deeply"),
        ("{% for i in rows %}" * 40 + "{% endfor %}" * 40, "is nested too deeply"),
        ("{{ " + "9" * 9000 + " }}", "has a number that is too long"),
        ("x" * 300_000, "is longer than 256 kB"),
    ],
)
def test_what_a_prompt_may_not_use_is_named_before_anything_is_rendered(source: str, said: str) -> None:
    with pytest.raises(CardError) as caught:
        compile_prompt(source, "prompts.instance")
    assert said in caught.value.message
    assert caught.value.message.startswith("prompts.instance: ")
    assert next(template_misuses(source, VALUES))[1] in caught.value.message


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ y }}", "y is not defined; known are d, n, rows, x"),
        ("{{ rowz | length }}", "rowz is not defined; did you mean rows?"),
        ("{{ d.nme }}", "there is no nme in it; did you mean name?"),
        ("{{ x.center(9) }}", "center is not something that a prompt may take from a text"),
        ("{{ rows.append(1) }}", "append is not something that a prompt may take from a list"),
        ("{{ '%s' % x }}", '`%` is for numbers here, not for "%s"; put texts together with `~`'),
        ("{{ rows + rows }}", "`+` is for numbers here"),
        ("{{ d }}", "it prints a mapping; loop over it"),
        ("{{ rows }}", "it prints a list; put it together"),
        ("{{ none }}", "it prints an empty value (none)"),
        ("{{ x.upper }}", "it prints a method without calling it"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ [rows, rows] | length }}", "a list or a mapping cannot be an argument here"),
        ("{{ y | upper }}", "y is not defined"),
        ("{% for i in y %}{% endfor %}", "y is not defined"),
        ("{{ y.z }}", "y is not defined"),
        ("{{ y() }}", "y is not defined"),
        ("{{ x ~ y }}", "y is not defined"),
        ("{{ y + 1 }}", "y is not defined"),
        ("{{ y[1:] }}", "y is not defined"),
        ("{{ y | join }}", "y is not defined"),
        ("{{ y | tojson }}", "y is not defined"),
    ],
)
def test_what_goes_wrong_while_rendering_is_told_in_words(source: str, said: str) -> None:
    assert refusal(source).startswith(f"prompts.instance: {said}")


EXPENSIVE = [
    "{{ 'a' * 1000000000 }}",
    "{% for i in range(1000000000) %}x{% endfor %}",
    "{{ range(10, 10000000) | list | length }}",
    "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
    "{% for i in range(9999) %}{% for j in range(9999) %}{% if false %}x{% endif %}{% endfor %}{% endfor %}",
    "{% for i in range(9999) %}{{ x * 1000 }}{% endfor %}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a.replace('a', 'aaaaaaaaaa') %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a | replace('a', 'aaaaaaaaaa') %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaaaa' * 100 %}" + "{% set a = a.join(a) %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaaaa' * 100 %}" + "{% set a = a | join(a) %}" * 40 + "{{ a }}",
    "{% set a = 'a\n' * 400000 %}{{ a | indent(40) }}",
    "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "{% set a = ['a', 'b'] %}" + "{% set a = [a, a] %}" * 40 + "{{ a | tojson }}",
    "{% set a = 'aaaaaaaaaa' | list %}"
    + "{% set a = 'aaaaaaaaaa' | map('default', a, true) | list %}" * 20
    + "{{ a | tojson }}",
    "{% set a = 'aaaaaaaaaa' | list %}" + "{% set a = 'aaaaaaaaaa' | map('int', a) | list %}" * 20 + "{{ a | tojson }}",
    "{% set a = range(9999) | list %}{% for i in range(9999) %}{% set b = a | sort | reverse | list %}{% endfor %}",
    "{% set a = 'ab' * 400000 %}{% for i in range(9999) %}{% set b = a[1:] %}{% endfor %}",
    "{% set a = 'ab' * 400000 %}{% for i in range(9999) %}{% if 'bab' ~ 'c' in a %}1{% endif %}{% endfor %}",
    "{% set a = 'ab' * 400000 %}{% for i in range(9999) %}{% if 'bac' is in a %}1{% endif %}{% endfor %}",
    "{% set a = 'ab' * 400000 %}{% for i in range(9999) %}{% if a == a ~ '' %}1{% endif %}{% endfor %}",
]


@pytest.mark.parametrize("source", EXPENSIVE)
def test_a_template_that_would_blow_up_ends_soon_and_says_why(source: str) -> None:
    started = time.process_time()
    said = refusal(source)
    assert time.process_time() - started < 10
    assert any(words in said for words in (" more than ", "larger than a prompt needs", "cannot be an argument")), said


def test_the_limits_leave_room_for_what_prompts_need() -> None:
    assert len(rendered("{% for i in range(10000) %}{{ i }} {% endfor %}".replace("10000", str(MAX_RANGE)))) > 40_000
    labels = {f"label {i}": f"what label {i} means" for i in range(10_000)}
    assert rendered("{% for l, m in x.items() %}- {{ l }}: {{ m }}\n{% endfor %}", x=labels).count("\n") == 9_999
    assert len(rendered("{{ x }}", x="y" * MAX_TEXT)) == MAX_TEXT
    assert "more than 1,000,000 characters" in refusal("{{ x }}!", x="y" * MAX_TEXT)


def test_an_error_names_the_line_of_the_template() -> None:
    assert refusal("one\n\n{{ d.nope }}\n").startswith("prompts.instance: line 3: there is no nope in it")
    assert refusal("one\n{{ x | uper }}\n").startswith("prompts.instance: line 2: there is no filter uper")


def test_an_error_names_the_file_and_its_line_where_the_template_came_from_one() -> None:
    origin = Origin(field="prompts.seeds", file="card.yaml", line=11, exact=True)
    with pytest.raises(CardError) as caught:
        compile_prompt("one\n{{ d.nope }}", origin).render(**VALUES)
    assert caught.value.message.startswith("card.yaml:12: prompts.seeds: there is no nope in it")


def test_names_that_will_not_be_there_are_found_without_rendering() -> None:
    source = "{{ contxt }}\n{% if seed %}{{ lable }}{% endif %}\n{% for a in rows %}{{ a }}{% endfor %}{% set b = 1 %}"
    assert list(template_misuses(source, {"context", "seed", "label", "rows"})) == [
        (1, "contxt is not defined; did you mean context?"),
        (2, "lable is not defined; did you mean label?"),
    ]
    assert list(template_misuses("{% include 'examples.jinja' %}", {"x"})) != []


@pytest.mark.parametrize("name", PROMPTS)
def test_a_built_in_prompt_uses_only_the_names_of_its_step(name: str) -> None:
    source = prompt_text(f"{name}.jinja")
    assert source is not None
    assert list(template_misuses(source, NAMES[name])) == []
    assert names_in(built_in(name).source) <= NAMES[name]


def test_every_built_in_template_is_a_prompt_or_a_part_of_one() -> None:
    assert {f"{name}.jinja" for name in PROMPTS} | set(part_names()) <= set(prompt_names())
    assert set(NAMES) == set(PROMPTS)
    assert "examples" in names_in("{% include 'examples.jinja' %}")


def test_there_is_no_built_in_prompt_of_another_name() -> None:
    with pytest.raises(KeyError):
        built_in("../errors")


def test_a_template_is_compiled_once() -> None:
    assert compile_prompt("Do {{ b }}.", "a") is compile_prompt("Do {{ b }}.", "a")


def test_renderings_in_several_threads_do_not_share_their_costs() -> None:
    prompt = compile_prompt("{% for i in range(9000) %}{% if i == n %}{{ i }}{% endif %}{% endfor %}")
    found: list[str] = []

    def render(n: int) -> None:
        found.append(prompt.render_text(n=n))

    threads = [threading.Thread(target=render, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [str(n) for n in range(8)]


def test_a_prompt_of_a_kilobyte_is_rendered_in_few_steps() -> None:
    """Steps of the interpreter, not seconds: about 25 µs on one core of 2024."""
    prompt = compile_prompt(
        "{% block user %}\n" + "Some words of a prompt, with {{ x }} in them.\n" * 25 + "{% endblock %}"
    )
    prompt.render(**VALUES)
    calls = sum(1 for _ in called(prompt.render))
    assert len(prompt.render(**VALUES)[0].content) > 1000
    assert calls < 200


def called(function: object) -> Iterator[str]:
    """The Python functions that a call enters."""
    entered: list[str] = []
    sys.setprofile(lambda frame, event, _: entered.append(frame.f_code.co_name) if event == "call" else None)
    try:
        function(**VALUES)  # type: ignore[operator]
    finally:
        sys.setprofile(None)
    return iter(entered)
