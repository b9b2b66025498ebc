"""What people read, in their language: one catalogue a language (en.toml, fr.toml...), sentences made of facts."""

from pipeline.wording.language import DEFAULT, Language, catalogue, language, languages
from pipeline.wording.sentences import (
    alert_text,
    beside_of,
    digest_title,
    fault_text,
    reason_of,
    row_text,
    waits_for,
    why_of,
)

__all__ = [
    "DEFAULT",
    "Language",
    "alert_text",
    "beside_of",
    "catalogue",
    "digest_title",
    "fault_text",
    "language",
    "languages",
    "reason_of",
    "row_text",
    "waits_for",
    "why_of",
]
