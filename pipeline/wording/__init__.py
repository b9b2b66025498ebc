"""What people read, in their language: one catalogue a language (en.toml, fr.toml...), sentences made of facts."""

from pipeline.wording.language import DEFAULT, Language, catalogue, language, languages
from pipeline.wording.sentences import (
    UNTITLED,
    Titles,
    alert_text,
    alert_title,
    beside_of,
    fault_text,
    reason_of,
    row_text,
    waits_for,
    why_of,
)

__all__ = [
    "DEFAULT",
    "UNTITLED",
    "Language",
    "Titles",
    "alert_text",
    "alert_title",
    "beside_of",
    "catalogue",
    "fault_text",
    "language",
    "languages",
    "reason_of",
    "row_text",
    "waits_for",
    "why_of",
]
