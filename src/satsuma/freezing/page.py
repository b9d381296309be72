"""README.md of a frozen benchmark: what it is for, what it is not for, and how far to trust it.

Texts of the card are escaped (`satsuma.run.readme.markdown`), so that none becomes a link or a heading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.run.hub import language_code, license_metadata, size_category
from satsuma.run.plain import one_line
from satsuma.run.readme import markdown, paragraph

if TYPE_CHECKING:
    from satsuma.freezing.making import About
    from satsuma.task.card import Card

_RULE = """\
**Do not train on this data.** It is for evaluation only. Do not put it into training, tuning or prompt-selection data,
not in part and not rewritten, and do not publish it where crawlers turn it into such. Every row has the column
`canary`; filters that drop documents with it keep this benchmark out of training corpora:

    {canary}
"""
_USE = """\
## Use it

```
satsuma freeze --check DIR          # every file is as it was frozen, and the hash of the whole
satsuma score DIR --model MODEL     # a language model, zero- or few-shot
satsuma evaluate STUDENT --on DIR   # a student
```

`sha256sum -c SHA256SUMS` checks the files without satsuma. Cite the benchmark with the hash of `SHA256SUMS`.
"""


def readme(card: Card, about: About) -> str:
    """The text of README.md."""
    parts = [
        f"---\n{_front(card, about.instances)}---\n",
        f"# {markdown(card.name)}: a frozen benchmark\n",
        f"{paragraph(card.task)}\n",
        _RULE.format(canary=about.canary),
        f"## How it was made\n\n{_made(about)}\n",
        "\n".join([f"| {markdown(card.output.name)} | instances |", "|---|---:|", *_counts(about)]) + "\n",
        _USE,
    ]
    return "\n".join(parts)


def _front(card: Card, instances: int) -> str:
    import yaml

    language = language_code(card.language)
    metadata: dict[str, object] = {
        **license_metadata(one_line(card.license)),
        **({"language": [language]} if language else {}),
        "pretty_name": f"{card.name} (frozen)",
        "size_categories": [size_category(instances)],
        "tags": ["benchmark", "evaluation-only", "synthetic", "satsuma"],
        "configs": [{"config_name": "default", "data_files": [{"split": "test", "path": "data/test.parquet"}]}],
    }
    return yaml.safe_dump(metadata, allow_unicode=True, sort_keys=False)


def _made(about: About) -> str:
    models = ", ".join(dict.fromkeys(about.models.values())) or "language models"
    written = f"The instances were made by satsuma {about.satsuma} with {markdown(models)}."
    if about.unaudited:
        loud = "**NOT AUDITED: nobody judged these labels. Some of them are wrong, and nobody knows how many.**"
        return f"{written}\n\n{loud}"
    people = len(about.auditors)
    who = "one person" if people == 1 else f"{people} people"
    return (
        f"{written} {who.capitalize()} judged {about.judged:,} of them: {about.right:,} right, {about.wrong:,} wrong, "
        f"{about.disputed:,} disputed. Only instances that everybody who judged them took for right are here, so what "
        "is hard to judge is rarer here than in the task."
    )


def _counts(about: About) -> list[str]:
    return [f"| {markdown(name)} | {count:,} |" for name, count in about.labels.items()]
