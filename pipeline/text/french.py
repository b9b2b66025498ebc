"""What lists say in English, in French: for pages that run no script, and for reports."""

from __future__ import annotations

import re

_SENTENCES = tuple((re.compile(said), french) for said, french in (  # as the page's scripts do (static/texts.js)
    (r"\bpeople in\b", "personnes en"), (r"\bperson in\b", "personne en"),
    (r", who count as (\d+) because they repeat the same texts,",
     r", comptées pour \1 car elles répètent les mêmes textes,"),
    (r"; no past to compare with yet", " ; pas encore de passé à comparer"),
    (r" where ([\d.,]+) ± ([\d.,]+) were expected \((-?[\d.,]+) sigma\)", r" pour \1 ± \2 attendues (\3 sigma)"),
    (r"; interest has faded", " ; l’intérêt est retombé"), (r"; nothing unusual", " ; rien d’inhabituel"),
    (r", (\d+)% of them with words of their own", r", dont \1 % avec leurs propres mots"),
))  # fmt: skip


def french_why(why: str) -> str:
    """The sentence of a row in French, numbers too."""
    for said, french in _SENTENCES:
        why = said.sub(french, why, count=1)
    return re.sub(r"(?<=\d)\.(?=\d)", ",", re.sub(r"(?<=\d),(?=\d{3})", "\u202f", why))
