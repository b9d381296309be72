"""A model that drafts one card well, and plays along when it is used: what the sessions and tests of `satsuma new` ask.

What it writes was written by hand for this page and these tests. Whatever is not about rental contracts it leaves to
the server.
"""

from __future__ import annotations

from collections.abc import Mapping

from satsuma.llm.request import Json
from satsuma.testing import Question

WISH = "Tell whether a clause in a rental contract is unusual for the tenant"
_LENGTHS: list[Json] = [
    {"name": "one sentence", "meaning": "a single sentence of at most 25 words"},
    {"name": "long sentence", "meaning": "one sentence of 30 to 60 words with a condition or an exception"},
    {"name": "short paragraph", "meaning": "two or three sentences"},
]
_STYLES: list[Json] = [
    {"name": "plain", "meaning": "everyday words, as in a form for private landlords"},
    {"name": "legal", "meaning": "the formal wording of a lawyer"},
    {"name": "old-fashioned", "meaning": "stiff wording as in a contract of decades ago"},
]
DRAFT: dict[str, Json] = {
    "hardest": [
        "A deposit of three months' rent where two are common: unusual, since the tenant pays more than usual."
    ],
    "task": "Given one clause of a residential rental contract, decide whether a tenant would find it unusual: whether "
    "it puts a duty, a cost or a risk on the tenant that contracts of this kind rarely have.",
    "language": "English",
    "inputs": [
        {
            "name": "clause",
            "description": "One clause of a residential rental contract as it stands there, one to three sentences.",
            "values": [],
        }
    ],
    "output": {
        "name": "verdict",
        "kind": "labels",
        "labels": [
            {
                "name": "unusual",
                "meaning": "the tenant takes on a duty, a cost or a risk that few such contracts put on tenants",
                "word": "yes",
            },
            {"name": "ordinary", "meaning": "what it asks of the tenant is found in most such contracts", "word": "no"},
        ],
        "options": [],
        "least": 1,
        "most": 1,
        "within": "",
        "none": False,
        "text": "",
    },
    "contexts": "a kind of tenancy and the matter that a clause of its contract settles",
    "seed_field": "",
    "seed": "a matter between one landlord and one tenant in one sentence: what the contract has to settle, and for "
    "which home",
    "attributes": [{"name": "length", "values": _LENGTHS}, {"name": "style", "values": _STYLES}],
    "question": "Is this clause unusual for the tenant?",
}
CLAUSES = {
    "upkeep": {
        "unusual": "The Tenant shall repaint all interior walls in white at their own expense every twelve months, "
        "whether or not the paint is worn.",
        "ordinary": "The landlord keeps the boiler, the pipes and the wiring in working order; the tenant reports any "
        "defect without delay.",
    },
    "payment": {
        "unusual": "Rent is paid in cash, each Sunday before noon, at the landlord's own door, and a late payment "
        "costs the tenant 40 pounds a day.",
        "ordinary": "The rent is due on the first working day of each month and is paid by bank transfer to the "
        "account named above.",
    },
    "visitors": {
        "unusual": "Visitors who stay overnight are announced to the landlord two days before, and each night is "
        "charged with 15 pounds.",
        "ordinary": "Pets are kept only with the landlord's written consent, which is not refused without a reason.",
    },
    "the end": {
        "unusual": "If the tenant leaves before five years have passed, the rent for the whole of the remaining time "
        "is due at once.",
        "ordinary": "Either party may end this agreement by giving two months' notice in writing.",
    },
    "the deposit": {
        "unusual": "The deposit of four months' rent bears no interest and is returned one year after the tenant has "
        "moved out.",
        "ordinary": "A deposit of one month's rent is held in a protected scheme and returned when the keys are.",
    },
}
"""Matter → verdict → a clause."""


def answers(question: Question) -> Mapping[str, Json] | None:
    """What is said about clauses of rental contracts."""
    asked = " ".join(text for _, text in question.messages)
    if "rental contract" not in asked:
        return None
    if question.step == "draft":
        return DRAFT
    if question.step == "contexts":
        return {"contexts": [f"{home}: {matter} {rest}" for home in _HOMES for matter, rest in _MATTERS.items()]}
    if question.step == "seeds":
        return {"seeds": [f"{who} and {what}" for who in _WHO for what in _WHAT]}
    if question.step == "instance":
        matter = next(name for name in CLAUSES if f": {name} " in asked)
        return {"clause": CLAUSES[matter][question.label]}
    return _corrected(asked) if question.step == "correction" else None


def _corrected(asked: str) -> dict[str, Json]:
    verdict = next(v for said in CLAUSES.values() for v, clause in said.items() if clause in asked)
    reason = "Few contracts ask this of a tenant." if verdict == "unusual" else "Most contracts have such a clause."
    return {"reason": reason, "verdict": verdict}


_HOMES = ("a furnished flat in a city", "a terraced house with a garden", "a room in a shared flat", "a farm cottage")
_MATTERS = {
    "upkeep": "and repairs", "payment": "of the rent", "visitors": "and pets", "the end": "of the tenancy",
    "the deposit": "and its return",
}  # fmt: skip
_WHO = ("A nurse who works nights", "A couple with a small child", "A retired teacher", "Two students", "A cook")
_WHAT = ("a landlord who lives abroad", "a landlady who lives downstairs")
