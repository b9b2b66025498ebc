"""Words without their accents, as people leave them out: names of months and columns, and answers, are compared so."""

from __future__ import annotations

import unicodedata


def unaccented(words: str) -> str:
    """Words in small letters, without accents and the like, which people leave out in capitals.

    >>> unaccented("AOÛT"), unaccented("KULLANICI"), unaccented("kullanıcı")
    ('aout', 'kullanici', 'kullanici')
    """
    if words.isascii():
        return words.casefold()
    letters = unicodedata.normalize("NFKD", words.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace("ı", "i")
