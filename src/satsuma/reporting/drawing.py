"""Charts: Vega-Lite, compiled to SVG when the report is made, so that the page carries drawings and no library.

Colours are names of the page's own (`var(--s0)`), so that a drawing follows its light and dark theme. What
vl-convert gives is taken apart and put together again from a list of elements and attributes: what is not on it (a
style, a link, a handler, a script) is not in the page. What a mark says of itself becomes `data-tip`, which the page
shows as text. Not covered: fonts; labels are laid out with the widths of vl-convert's own sans-serif.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml  # the door to what vl-convert drew

if TYPE_CHECKING:
    from satsuma.llm.request import Json

VERSION = "6.1"
"""Of Vega-Lite: the oldest 6 that vl-convert carries, which later ones carry too."""
WIDTH = 260
_ELEMENTS = frozenset({"g", "line", "path", "rect", "svg", "text", "tspan"})
_ATTRIBUTES = frozenset(
    {
        "d", "dx", "dy", "fill", "fill-opacity", "font-family", "font-size", "font-weight", "height", "opacity",
        "stroke", "stroke-dasharray", "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor", "transform",
        "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2",
    }
)  # fmt: skip
_PAINT = re.compile(r"none|transparent|currentColor|#[0-9a-fA-F]{3,8}|var\(--[a-z0-9-]+\)")
_NO_MARKS = ("axis", "legend", "title", "group")
_CONFIG: dict[str, Json] = {
    "background": None,
    "font": "sans-serif",
    "padding": {"left": 14, "right": 6, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)", "titleColor": "var(--muted)", "gridColor": "var(--line)",
        "tickColor": "var(--line)", "domainColor": "var(--line)", "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": "normal", "labelLimit": 150,
    },
    "text": {"fill": "var(--ink)", "fontSize": 11},
    "rule": {"stroke": "var(--muted)"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as it stands in the page.

    title: what it shows. reading: how to read it, in a sentence. svg: the drawing. head, rows: the same as a table.
    """

    title: str
    reading: str
    svg: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def drawn(layers: Sequence[Mapping[str, Json]], height: int, width: int = WIDTH) -> str:
    """Vega-Lite layers as an SVG element. width, height: of the plot without its axes, in pixels."""
    import vl_convert

    spec = {
        "$schema": f"https://vega.github.io/schema/vega-lite/v{VERSION}.json",
        "width": width,
        "height": height,
        "layer": list(layers),
        "config": _CONFIG,
    }
    return clean(vl_convert.vegalite_to_svg(spec, vl_version=VERSION, allowed_base_urls=[]))


def clean(svg: str) -> str:
    """A drawing with nothing but shapes and words.

    Raises:
        xml.etree.ElementTree.ParseError: it is not XML.
    """
    root = Xml.fromstring(svg)  # noqa: S314 (vl-convert's own, from texts without control characters)
    kept = _kept(root)
    if kept is None:
        return ""
    kept.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "aria-hidden": "true", "focusable": "false"}
    return Xml.tostring(kept, encoding="unicode")


def _kept(element: Xml.Element) -> Xml.Element | None:
    name = element.tag.rpartition("}")[2]
    if name not in _ELEMENTS or _is_empty(name, element):
        return None
    made = Xml.Element(name, dict(_attributes(element)))
    made.text = element.text if name in ("text", "tspan") else None
    made.extend(child for inner in element if (child := _kept(inner)) is not None)
    return made if len(made) or name != "g" else None


def _is_empty(name: str, element: Xml.Element) -> bool:
    """The frames that Vega draws around everything, without paint."""
    frame = element.get("class", "") in ("background", "foreground")
    return name == "path" and frame and element.get("stroke", "none") in ("none", "#ddd") and not element.get("fill")


def _attributes(element: Xml.Element) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        if name in _ATTRIBUTES and (name not in ("fill", "stroke") or _PAINT.fullmatch(value)):
            yield name, value
    said, kind = element.get("aria-label"), element.get("aria-roledescription", "")
    if said and not any(word in kind for word in _NO_MARKS):
        yield "data-tip", said
