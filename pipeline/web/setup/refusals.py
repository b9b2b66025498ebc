"""Why a form is refused: which field, and what is needed there, in the reader's language."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.settings import SettingsError, TableError
from pipeline.text import printable
from pipeline.web.setup.forms import TABLES, Field, fields_of
from pipeline.wording import Language, catalogue


class Refusal(NamedTuple):
    """`key` of the form's field that is wrong ("": none of its fields), what is needed, and in English, where no
    sentence is known for it, what exactly is wrong."""

    key: str
    text: str
    detail: str = ""


def refusal_of(fault: SettingsError, kind: str, words: Language) -> Refusal:
    """What the form of a table of this kind says about a fault of what is defined."""
    if not isinstance(fault, TableError) or fault.kind not in TABLES:
        return Refusal("", words["setup.unfit"], str(fault))
    field = _fields(fault.kind).get(fault.key.partition("[")[0])
    if field is None:
        return Refusal("", words["setup.unfit"], str(fault))
    needed = _needed(field, words)
    if fault.kind == kind:
        return Refusal(field.key, needed)
    told = {"name": printable(fault.name, 63), "field": words[f"setup.field.{field.id}"]}
    return Refusal("", words.say("setup.elsewhere", kind=fault.kind, needed=needed, **told))


def _fields(kind: str) -> dict[str, Field]:
    return {field.key: field for fields in fields_of(kind).values() for field in fields}


def _needed(field: Field, words: Language) -> str:
    if field.id in catalogue(words.lang)["setup"]["wrong"]:
        return words[f"setup.wrong.{field.id}"]
    if field.widget == "number":
        return words.say("setup.number", whole=field.whole, least=field.least, most=field.most)
    return words["setup.choose" if field.widget == "choice" else "setup.tooLong"]
