"""Letters that look alike: what a text is to the eye, whatever script its letters were taken from.

The pairs are those of Unicode's confusables data (UTS #39, as kept in the package confusable-homoglyphs 3.3.1) that
lead to one letter or digit of ASCII and that NFKC leaves alone, and by the letters' Unicode names: small capitals,
letters with strokes and hooks, turned letters, negative squared letters, regional indicators; to these the small
letters of Cyrillic, Greek, Coptic and Armenian that people write so (п, η, ⲁ, լ).
Unicode data is (c) Unicode, Inc., under the Unicode License v3 (https://www.unicode.org/license.txt).
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

import regex

from pipeline.text import fold_text
from pipeline.text.normal import normalized

_ALIKE = {
    "a": (
        "ȺɑΑαАаᎪᗅᴀᶏ⍺ⱥꓮ\U000102a0\U00016f40\U0001d6a8\U0001d6c2\U0001d6e2\U0001d6fc\U0001d71c\U0001d736"
        "\U0001d756\U0001d770\U0001d790\U0001d7aa\U0001f150\U0001f170\U0001f1e6ⲁɐ"
    ),
    "b": (
        "ƀƁƂƃƄɃɓʙΒВЬвᏏᏴᑲᖯᗷᵬᶀꓐꞖꞗꞴ\U00010282\U000102a1\U00010301\U0001d6a9\U0001d6e3\U0001d71d\U0001d757"
        "\U0001d791\U0001f151\U0001f171\U0001f1e7β"
    ),
    "c": (
        "ƇƈȻȼɕϲϹСсᏟᴄⲤⲥꓚꞒꞓꞔꟄꮯ\U000102a2\U00010302\U00010415\U0001043d\U0001051c\U000118e9\U000118f2"
        "\U0001f152\U0001f172\U0001f1e8\U0001f74c"
    ),
    "d": "дДδĐđƊƋƌȡɖɗԁᎠᏧᑯᗞᗪᴅᵭᶁᶑꓒꓓꝹꝺꟇꟈ\U0001f153\U0001f173\U0001f1e9",
    "e": (
        "ƏǝəɘƐɆɇɛεєЄⲈⲉᏋꮛΕЕеёҽᎬᴇᶒᶓ\u212e⋿ⱸⴹꓰꬲ\U00010286\U000118a6\U000118ae\U0001d6ac\U0001d6e6\U0001d720\U0001d75a"
        "\U0001d794\U0001f154\U0001f174\U0001f1ea"
    ),
    "f": (
        "ƑƒϜքᖴᵮᶂẝꓝꜰꝻꝼꞘꞙꬵ\U00010287\U000102a5\U00010525\U000118a2\U000118c2\U0001d213\U0001d7ca\U0001f155"
        "\U0001f175\U0001f1eb"
    ),
    "g": "ƍƓǤǥɠɡɢԌցᏀᏳᵹᶃꓖꝽꞠꞡꞬ\U0001f156\U0001f176\U0001f1ec",
    "h": (
        "ĦħɦʜɥΗНнһհᎻᏂᕼⱧⱨⲎꓧꞕꞪ\U000102cf\U0001d6ae\U0001d6e8\U0001d722\U0001d75c\U0001d796\U0001f157\U0001f177\U0001f1ed"
    ),
    "i": (
        "ıƖƗɨɩɪᴉ˛ͺΙιІіӏᎥᛁᶖι⍳Ⲓꓲꙇꭵ\U00010309\U000118c3\U0001d6a4\U0001d6b0\U0001d6ca\U0001d6ea\U0001d704"
        "\U0001d724\U0001d73e\U0001d75e\U0001d778\U0001d798\U0001d7b2\U0001f158\U0001f178\U0001f1ee"
    ),
    "j": "ȷɈɉɟʄʝͿϳЈјᎫᒍᴊꓙꞲ\U0001f159\U0001f179\U0001f1ef",
    "k": (
        "ƘƙΚκʞКкᏦᛕᴋᶄⱩⱪⲔꓗꝀꝁꝂꝃꝄꝅꞢꞣ\U00010518\U0001d6b1\U0001d6eb\U0001d725\U0001d75f\U0001d799\U0001f15a"
        "\U0001f17a\U0001f1f0"
    ),
    "l": (
        "ŁłƚǀȴȽլɫɬɭʟӀ۱ᏞᒪᶅⅠ∣⏽ⱠⱡⱢⳐⵏꓡꝈꝉꞎꞭ￨\U0001028a\U00010320\U0001041b\U00010526\U000118a3\U000118b2"
        "\U00016f16\U00016f28\U0001d22a\U0001d7cf\U0001d7d9\U0001d7e3\U0001d7ed\U0001d7f7\U0001f15b"
        "\U0001f17b\U0001f1f1\U0001fbf1"
    ),
    "m": (
        "ʍ₥ɱΜϺМмᎷᗰᛖᴍᵯᶆⱮⲘꓟ\U000102b0\U00010311\U0001d6b3\U0001d6ed\U0001d727\U0001d761\U0001d79b\U0001f15c"
        "\U0001f17c\U0001f1f2"
    ),
    "n": (
        "ƝƞȠȵɲɳɴпηⲛΝոռᵰᶇⲚꓠꞐꞑꞤꞥ\U00010513\U0001d6b4\U0001d6ee\U0001d728\U0001d762\U0001d79c\U0001f15d\U0001f17d\U0001f1f3"
    ),
    "o": (
        "ØøƆƟǾǿɔΟοσОоՕօ۵०০੦૦ଠ୦௦౦೦ഠ൦๐໐ဝ၀ჿዐᴏᴑᶗⱺⲞⲟⵔ〇ꓳꝊꝋꝌꝍꬽ\U00010292\U000102ab\U00010404\U0001042c\U000104c2"
        "\U000104ea\U00010516\U000114d0\U000118b5\U000118c8\U000118d7\U000118e0\U0001d6b6\U0001d6d0"
        "\U0001d6d4\U0001d6f0\U0001d70a\U0001d70e\U0001d72a\U0001d744\U0001d748\U0001d764\U0001d77e"
        "\U0001d782\U0001d79e\U0001d7b8\U0001d7bc\U0001d7ce\U0001d7d8\U0001d7e2\U0001d7ec\U0001d7f6"
        "\U0001f15e\U0001f17e\U0001f1f4\U0001fbf0"
    ),
    "p": (
        "ƤƥΡρϱ℘РрᏢᑭᴘᵱᵽᶈ⍴ⱣⲢⲣꓑꝐꝑꝒꝓꝔꝕ\U00010295\U0001d6b8\U0001d6d2\U0001d6e0\U0001d6f2\U0001d70c\U0001d71a"
        "\U0001d72c\U0001d746\U0001d754\U0001d766\U0001d780\U0001d78e\U0001d7a0\U0001d7ba\U0001d7c8"
        "\U0001f15f\U0001f17f\U0001f1f5"
    ),
    "q": "ɋʠԛգզⵕꝖꝗꝘꝙꞯ\U0001f160\U0001f180\U0001f1f6",
    "r": "яЯɹƦɌɍɼɽɾʀгᎡᏒᖇᴦᵲᵳᶉⱤⲅꓣꝛꞂꞃꞦꞧꭇꭈꮁ\U000104b4\U00016f35\U0001d216\U0001f161\U0001f181\U0001f1f7",
    "s": ("ſƽȿʂЅѕՏᏕᏚᵴᶊẜⱾꓢꜱꞄꞅꞨꞩꟅꟉꟊꮪ\U00010296\U00010420\U00010448\U000118c1\U00016f3a\U0001f162\U0001f182\U0001f1f8"),
    "t": (
        "ŦŧƫƬƭƮȶȾʈʇτ†‡ΤТтᎢᴛᵵ⊤⟙ⱦⲦꓔꞆꞇ\U00010297\U000102b1\U00010315\U000118bc\U00016f0a\U0001d6bb\U0001d6f5"
        "\U0001d72f\U0001d769\U0001d7a3\U0001f163\U0001f183\U0001f1f9\U0001f768"
    ),
    "u": (
        "ʋυՍսሀᑌᴜᶙ∪⋃ꓴꞟꞸꞹꭎꭒ\U000104ce\U000104f6\U000118b8\U000118d8\U00016f42\U0001d6d6\U0001d710\U0001d74a"
        "\U0001d784\U0001d7be\U0001f164\U0001f184\U0001f1fa"
    ),
    "v": (
        "ƲʌνѴѵ۷Ꮩᐯᴠ∨⋁ⱱⱴⴸꓦꛟꝞꝟꮩ\U0001051d\U00011706\U000118a0\U000118c0\U00016f08\U0001d20d\U0001d6ce"
        "\U0001d708\U0001d742\U0001d77c\U0001d7b6\U0001f165\U0001f185\U0001f1fb"
    ),
    "w": "ɯωѡԜԝաᎳᏔᴡⱲⱳꓪꮃ\U0001170a\U0001170e\U0001170f\U000118e6\U000118ef\U0001f166\U0001f186\U0001f1fc",
    "x": (
        "×χΧХхᕁᕽ᙭᙮ᚷᶍ╳⤫⤬⨯ⲬⵝꓫꞳ\U00010290\U000102b4\U00010317\U00010322\U00010527\U000118ec\U0001d6be"
        "\U0001d6f8\U0001d732\U0001d76c\U0001d7a6\U0001f167\U0001f187\U0001f1fd"
    ),
    "y": (
        "ƳƴɎɏɣʏʎΥγϒУуҮүყᎩᎽᶌỾỿℽⲨꓬꭚ\U000102b2\U000118a4\U000118dc\U00016f43\U0001d6bc\U0001d6c4\U0001d6f6"
        "\U0001d6fe\U0001d730\U0001d738\U0001d76a\U0001d772\U0001d7a4\U0001d7ac\U0001f168\U0001f188"
        "\U0001f1fe"
    ),
    "z": (
        "ƵƶȤȥɀʐʑΖᏃᴢᵶᶎⱫⱬⱿꓜꟆꮓ\U000102f5\U000118a9\U000118c4\U000118e5\U0001d6ad\U0001d6e7\U0001d721"
        "\U0001d75b\U0001d795\U0001f169\U0001f189\U0001f1ff"
    ),
}
_TABLE = str.maketrans({alike: letter for letter, many in _ALIKE.items() for alike in many})
# what Unicode left out of its mathematical alphabets, since an older letter stands for it: fonts draw it all the same
_HOLES = {c: chr(97 + (c - 0x1D400) % 26) for c in range(0x1D400, 0x1D6A4) if unicodedata.category(chr(c)) == "Cn"}
_TABLE |= _HOLES
_SIGNS = regex.compile(
    r"(?P<m>/\\/\\|\|\\/\||\|v\||rn|nn)|(?P<w>\\/\\/|vv)|(?P<d>\|\))|(?P<n>\|\\\|)|(?P<h>\|-\|)|(?P<o>\(\))",
    regex.IGNORECASE,
)
_UNSEEN = regex.compile(r"[\p{Cf}\p{Default_Ignorable_Code_Point}]")
_ON_ANY_LETTER = regex.compile(r"[\p{Inherited}\p{Arabic}\p{Hebrew}\p{Syriac}\p{Latin}\p{Cyrillic}\p{Greek}\p{Common}]")
_PROLONGS = "ーｰ々"
_MARKUP = regex.compile(
    r"<[^<>]{0,200}>|&\#?\w{1,10};|(?:%[0-9A-Fa-f]{2})+|\\u[0-9A-Fa-f]{4}|\[(?P<told>[^\[\]]{1,100})\]\([^()]{0,200}\)"
)
_BACKWARDS = "\u202e"
_FLAG = regex.compile(r"[\U0001f1e6-\U0001f1ff]{2}")
_CAPITAL = regex.compile(r"[\p{Lu}--\p{Latin}]", regex.V1)

Unit = tuple[str, int, int, bool]  # a letter, where it begins and ends in the text, and whether it is written as one


def skeleton(text: str) -> str:
    """The folded text with each letter that looks like one of ASCII replaced by it.

    >>> skeleton("МЕRDЕ"), skeleton("ｍ\\u200bərdé")
    ('merde', 'merde')
    """
    if text.isascii():
        return text.lower()
    # before NFKC too: it makes another letter of some (the lunate sigma, a c to the eye)
    text = normalized("NFKC", text.translate(_TABLE)).translate(_TABLE)
    return fold_text(fold_text(text).translate(_TABLE))


def is_unseen(text: str) -> bool:
    """Whether the text begins with a character that nobody sees."""
    return _UNSEEN.match(text) is not None


def decoded(text: str) -> Iterator[str]:
    """The text, and what it is once markup is read, or the order of writing is turned; each also with flags as signs
    and not as letters, and in small letters: capitals of other scripts look like other letters of ASCII (Μ, μ).

    >>> list(decoded("mer&#100;e")), list(decoded("\\u202eedrem"))
    (['mer&#100;e', 'merde'], ['\\u202eedrem', 'merde'])
    """
    forms = [text]
    if _MARKUP.search(text):
        forms.append(_MARKUP.sub(_read_markup, text))
    if _BACKWARDS in text:
        forms.append(text[: text.index(_BACKWARDS) : -1])
    for form in forms:
        yield form
        if _FLAG.search(form):
            yield _FLAG.sub("\U0001f3f3", form)
        if _CAPITAL.search(form):
            yield form.lower()


def _read_markup(found: regex.Match[str]) -> str:
    told: str = found[0]
    if told[0] == "<":
        return ""
    if told[0] == "[":
        return str(found["told"])
    if told[0] == "&":
        return html.unescape(told)
    return unquote(told) if told[0] == "%" else chr(int(told[2:], 16))


class _Letters(dict[str, str]):
    """Character -> the letters that it is to the eye; none for marks, signs, figures and what nobody sees."""

    def __missing__(self, character: str) -> str:
        kind = unicodedata.category(character)
        if is_unseen(character):
            letters = ""
        elif kind[0] == "M":
            letters = "" if _ON_ANY_LETTER.match(character) else character
        else:
            # a mark that a letter carries goes with it, but for a vowel of a script that writes them so
            seen = normalized("NFD", skeleton(character))
            letters = "".join(it for it in seen if it.isalpha())
            if kind == "Lm" and not letters.isascii() and character not in _PROLONGS:
                letters = ""
        if len(self) < _KNOWN:
            self[character] = letters
        return letters


_KNOWN = 1 << 16
_LETTERS = _Letters()


class _Figures(dict[str, str]):
    """Figure or sign -> the letter that it looks like, however it is set (³, ⑶, 𝟑); "" for what looks like none."""

    def __missing__(self, character: str) -> str:
        plain = normalized("NFKC", character)
        letter = "" if plain == character else self.get(plain.strip("()."), "")
        if len(self) < _KNOWN:
            self[character] = letter
        return letter


_FIGURES = _Figures(zip("0134578@$€£&!|+®∂⭕💲ƷȜЗӠ", "oieastbaseeeiitrdoseeee", strict=True))


def written_as(character: str) -> str:
    """The letters that a character is to the eye; none for marks, signs, figures and what nobody sees."""
    return _LETTERS[character]


def letters_of(text: str) -> Iterator[Unit]:
    """The letters of a text as they look. Marks belong to the letter before; figures and signs are none."""
    foreign = False  # whether the last letter is of a script whose vowels are marks
    for place, character in enumerate(text):
        letters = _LETTERS[character]
        if letters > "\u0300" and not foreign and unicodedata.category(character)[0] == "M":
            continue
        for letter in letters:
            foreign = letter > "\u0800"
            yield letter, place, place + 1, True


def shapes_of(text: str, *, joined: bool = True) -> Iterator[Unit]:
    """A coarser reading: figures and signs are the letters that they look like, and i and l are not told apart;
    `joined`: `rn` and `nn` are m, `vv` is w."""
    place = 0
    for found in [*_SIGNS.finditer(text), None] if joined else [None]:
        end = found.start() if found else len(text)
        while place < end:
            character = text[place]
            if figure := _FIGURES[character]:
                yield figure, place, place + 1, False
            else:
                for letter in _LETTERS[character]:
                    yield "i" if letter == "l" else letter, place, place + 1, True
            place += 1
        if found:
            yield str(found.lastgroup), place, found.end(), found[0].isalpha()
            place = found.end()
