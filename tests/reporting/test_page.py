"""The page in a real browser: it renders, is used by mouse and keyboard, and runs nothing that a dataset says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

for package in ("numpy", "babel", "sklearn", "vaderSentiment", "vl_convert"):
    pytest.importorskip(package)

from satsuma.measures import entities  # noqa: E402 - needs the extra
from satsuma.measures.corpus import Options  # noqa: E402 - needs the extra
from satsuma.reporting.making import comparison_of  # noqa: E402 - needs the extra
from tests.measures.test_analysis import Letters  # noqa: E402 - needs the extra
from tests.reporting.browser import Looked, chromium  # noqa: E402 - needs the extra
from tests.reporting.made import HOSTILE, a_run, report_of, some_rows  # noqa: E402 - needs the extra

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (360, 768, 1440)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run against rows in a file."""
    place = tmp_path_factory.mktemp("made")
    patch = pytest.MonkeyPatch()
    patch.setattr(entities, "_pipeline", {}.get)
    report = report_of(a_run(place / "run").path, some_rows(place / "gold.jsonl"), embedder=Letters())
    patch.undo()
    return report.save(place / "report.html")


@pytest.fixture
def looked(browser: Browser) -> Iterator[Looked]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield Looked(context.new_page())
    context.close()


def test_it_renders_without_a_word_on_the_console_and_asks_nobody(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    assert looked.said == []
    assert looked.reached == [made.as_uri()]
    assert page.locator("h1").inner_text() == "run"
    assert page.locator("section h2").count() == 9
    assert page.locator(".findings li").count() >= 3
    assert page.locator(".drawing svg").count() >= 7
    assert page.locator("#map-place circle.point").count() == 80
    assert page.locator("#count").inner_text() == "1 to 25 of 80 instances"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen_and_a_picture_is_kept(
    browser: Browser, made: Path, width: int, scheme: str, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = Looked(context.new_page()).go(made)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    kept = Path(os.environ.get("SATSUMA_ARTIFACTS") or tmp_path)
    kept.mkdir(parents=True, exist_ok=True)
    picture = kept / f"report-{width}-{scheme}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 20_000
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 253, 250)" if scheme == "light" else "rgb(21, 19, 15)")
    context.close()


def test_the_theme_can_be_chosen(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    for wanted in ("light", "dark", "auto"):
        page.click("#theme")
        assert page.locator("#theme").inner_text() == f"Theme: {wanted}"
    page.click("#theme")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 19, 15)"


def counted(page: Page, told: str) -> None:
    page.wait_for_function("told => document.getElementById('count').textContent === told", arg=told)


def test_the_table_is_filtered_searched_sorted_and_turned(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    page.select_option("#dataset", label="run (40)")
    counted(page, "1 to 25 of 40 instances")
    page.click("#pages button:has-text('Next')")
    counted(page, "26 to 40 of 40 instances")
    page.fill("#search", "ORDER 17 late")
    counted(page, "1 to 1 of 1 instances")
    assert "order 17 of" in page.locator(".rows tbody").inner_text()
    page.fill("#search", "nowhere at all")
    counted(page, "No instance fits. Clear the filters to see all.")
    page.click("#filters button[type=reset]")
    counted(page, "1 to 25 of 80 instances")
    page.check("#changed")
    counted(page, "1 to 4 of 4 instances")
    assert page.locator(".rows .was").all_inner_texts() == ["billing"] * 4
    page.click(".rows th button:has-text('message')")
    page.click(".rows th button:has-text('message')")
    assert page.locator(".rows th[aria-sort=descending]").count() == 1
    first = page.locator(".rows td[data-name=message]").all_inner_texts()
    assert first == sorted(first, reverse=True)


def test_the_lineage_opens_with_prompts_and_raw_replies(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    page.fill("#search", '"order 11 of"')
    counted(page, "1 to 1 of 1 instances")
    page.click(".rows [data-open]")
    told = page.locator("dialog").inner_text()
    assert page.locator("#dialog-title").inner_text() == "context 2 / seed 3"
    for words in ("seed 11", "asked for\nbilling", "corrected to\nbug (67% of 3 votes)\nbecause", "tone", "calm"):
        assert words in told
    page.click("dialog summary:has-text('correction')")
    page.wait_for_selector("dialog pre")
    asked = page.locator("dialog").inner_text()
    assert "You write data." in asked
    assert "correction 11" in asked
    assert '"message"' in asked
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()


def test_an_instance_without_its_requests_names_the_command_that_has_them(looked: Looked, tmp_path: Path) -> None:
    run = a_run(tmp_path / "a run", 30)
    run.journal_path.unlink()
    report = report_of(run.path)
    page = looked.go(report.save())
    assert "Prompts and replies cannot be read" in page.locator(".notes").inner_text()
    page.click(".rows [data-open] >> nth=0")
    assert "not in the run's journal" in page.locator("dialog").inner_text()
    assert (run.path / "report.html").is_file()


def test_the_keyboard_goes_everywhere(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus("#map-place svg")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator("#map-place [aria-live]").text_content()
    page.keyboard.press("Space")
    assert page.locator("#map-selected h3").inner_text() == "1 chosen"
    page.keyboard.press("Enter")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "svg"
    page.focus("#search")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.open !== undefined"):
            break
    page.keyboard.press("Enter")
    assert page.locator("dialog").is_visible()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_lasso_chooses_points_and_narrows_the_table(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    page.locator("#map-place").scroll_into_view_if_needed()
    page.click("#map-lasso")
    box = page.locator("#map-place svg").bounding_box()
    assert box is not None
    corners = [(2, 2), (box["width"] - 2, 2), (box["width"] - 2, box["height"] - 2), (2, box["height"] - 2)]
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.up()
    assert page.locator("#map-selected h3").inner_text() == "80 chosen, of which the first 50 are here"
    page.click("#map-selected button:has-text('Show them in the table')")
    counted(page, "1 to 25 of 80 instances chosen on the map")
    page.click("#map-clear")
    assert page.locator("#map-place svg.choosing").count() == 0


def test_what_a_mark_stands_for_is_told_where_one_points(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    page.locator(".drawing [data-tip]").first.hover()
    assert "bug" in page.locator("#tip").inner_text()


def test_screen_readers_find_landmarks_headings_names_and_tables(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    for landmark in ("banner", "navigation", "main", "contentinfo", "search"):
        assert page.get_by_role(landmark).count() >= 1, landmark
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    nameless = page.evaluate(
        """[...document.querySelectorAll('button,select,input')]
           .filter(e => !e.textContent.trim() && !e.closest('label')).map(e => e.outerHTML)"""
    )
    assert nameless == []
    assert page.evaluate(
        "[...document.querySelectorAll('table')].every(t => t.querySelector('caption') && t.querySelector('th'))"
    )
    assert page.evaluate("document.documentElement.lang") == "en"
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_it_prints_light_and_without_controls(looked: Looked, made: Path) -> None:
    page = looked.go(made)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 253, 250)"
    assert not page.locator(".sections").is_visible()
    assert page.locator(".rows").is_visible()
    assert len(page.pdf()) > 10_000


def test_without_scripts_the_verdict_and_the_charts_are_there(browser: Browser, made: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(made.as_uri())
    assert page.locator("noscript").inner_text()
    assert page.locator(".findings li").first.is_visible()
    assert page.locator(".drawing svg").first.is_visible()
    assert page.locator(".pair mark").first.is_visible()
    context.close()


def test_hostile_instances_are_shown_and_run_nothing(looked: Looked, tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", 30, odd=HOSTILE)
    report = report_of(run.path, some_rows(tmp_path / "gold.jsonl"), embedder=Letters())
    path = report.save()
    page = looked.go(path)
    assert looked.said == []
    assert looked.reached == [path.as_uri()]
    page.click(".rows [data-open] >> nth=0")
    for summary in page.locator("dialog summary").all():
        summary.click()
    page.wait_for_selector("dialog pre")
    told = page.locator("dialog").inner_text()
    assert told.count("</script><script>window.owned = 1</script>") >= 4
    assert "{{ 7 * 7 }} \\u202egnihtemos\\x00 end" in told
    assert page.evaluate("window.owned") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 4
    assert not {"\u202e", "\x00"} & set(page.content())
    assert looked.said == []


def test_a_field_of_a_megabyte_is_cut_and_told(looked: Looked, tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", 3, odd="x" * 1_000_000)
    path = report_of(run.path, only=("labels", "correction")).save()
    assert path.stat().st_size < 1_000_000
    page = looked.go(path)
    assert "characters are cut" in page.locator(".notes").inner_text()
    page.click(".rows [data-open] >> nth=0")
    assert "characters in all]" in page.locator("dialog").inner_text()


def test_two_runs_are_compared_with_the_instances_of_both(looked: Looked, tmp_path: Path) -> None:
    one, other = a_run(tmp_path / "one", 30), a_run(tmp_path / "two", 20)
    report = comparison_of(one.path, other.path, None, Options(embedder=None))
    page = looked.go(report.save(tmp_path / "both.html"))
    assert looked.said == []
    assert page.locator("h1").inner_text() == "one and two"
    assert page.locator("#count").inner_text() == "1 to 25 of 50 instances"
    assert page.locator("#dataset option").all_inner_texts() == ["all", "one (30)", "two (20)"]
    assert page.locator("#record h3").all_inner_texts()[0] == "one"
    assert page.locator("#map").inner_text().count("no embedder was asked for") == 1
