"""What the metadata of a dataset card on the Hugging Face hub may say: language codes, licenses and sizes.

Languages by their English names (ISO 639-1, ISO 639-3 where there is none), those that people make training data in
most; a code is taken as it is, and a language that is not here is left out of the metadata rather than guessed.

Source: https://huggingface.co/docs/hub/datasets-cards, https://huggingface.co/docs/hub/repositories-licenses
"""

from __future__ import annotations

import re

_NAMES = """
af Afrikaans, sq Albanian, am Amharic, ar Arabic, hy Armenian, as Assamese, az Azerbaijani, eu Basque, be Belarusian,
bn Bengali, bs Bosnian, br Breton, bg Bulgarian, my Burmese, yue Cantonese, ca Catalan, ceb Cebuano, zh Chinese,
hr Croatian, cs Czech, da Danish, nl Dutch, en English, eo Esperanto, et Estonian, fo Faroese, fi Finnish, fr French,
gl Galician, ka Georgian, de German, el Greek, gn Guarani, gu Gujarati, ht Haitian Creole, ha Hausa, he Hebrew, hi
Hindi, hu Hungarian, is Icelandic, ig Igbo, id Indonesian, ga Irish, it Italian, ja Japanese, jv Javanese, kn Kannada,
kk Kazakh, km Khmer, rw Kinyarwanda, ko Korean, ku Kurdish, ky Kyrgyz, lo Lao, la Latin, lv Latvian, ln Lingala, lt
Lithuanian, lb Luxembourgish, mk Macedonian, mg Malagasy, ms Malay, ml Malayalam, mt Maltese, zh Mandarin, mi Maori, mr
Marathi, mn Mongolian, ne Nepali, no Norwegian, nb Norwegian Bokmål, nn Norwegian Nynorsk, oc Occitan, or Odia, om
Oromo, ps Pashto, fa Persian, pl Polish, pt Portuguese, pa Punjabi, qu Quechua, ro Romanian, rm Romansh, ru Russian, sm
Samoan, sa Sanskrit, gd Scottish Gaelic, sr Serbian, sn Shona, sd Sindhi, si Sinhala, sk Slovak, sl Slovenian, so
Somali, es Spanish, su Sundanese, sw Swahili, sv Swedish, gsw Swiss German, tl Tagalog, tg Tajik, ta Tamil, tt Tatar,
te Telugu, th Thai, bo Tibetan, ti Tigrinya, tr Turkish, tk Turkmen, uk Ukrainian, ur Urdu, ug Uyghur, uz Uzbek, vi
Vietnamese, cy Welsh, wo Wolof, xh Xhosa, yi Yiddish, yo Yoruba, zu Zulu
"""
_CODES = {
    name.strip().lower(): code
    for code, name in (entry.strip().split(" ", 1) for entry in _NAMES.replace("\n", " ").split(","))
}
_SPDX = """
apache-2.0 mit openrail bigscience-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause c-uda cc
cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0
cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0
cdla-permissive-1.0 cdla-permissive-2.0 ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0
lgpl lgpl-2.1 lgpl-3.0 isc mpl-2.0 odc-by odbl ofl-1.1 osl-3.0 pddl postgresql ms-pl ncsa unlicense wtfpl zlib
unknown other
"""
_LICENSES = frozenset(_SPDX.split())
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_A_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})*")


def language_code(language: str) -> str | None:
    """The code for `German`, `German (Switzerland)` or `de`; None for a language that is not known."""
    name = re.split(r"[(,]", language, maxsplit=1)[0].strip()
    return _CODES.get(name.lower()) or (name if _A_CODE.fullmatch(name) else None)


def license_metadata(name: str) -> dict[str, str]:
    """The hub's `license` for a known one, else `other` and the name that was given."""
    known = name.strip().lower()
    return {"license": known} if known in _LICENSES else {"license": "other", "license_name": name}


def size_category(rows: int) -> str:
    """The hub's class of size."""
    return next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")
