"""Which language a text is written in, by the words that only one language has.

Names, quotations and what is in brackets may be in any language and do not count.
"""

import re
from collections.abc import Iterator, Sequence, Set

from sessions_app.engines.text.stopwords import ENGLISH_WORDS, SPANISH_WORDS

FEWEST_WORDS = 2
"""A text is in another language if it has this many words of it ..."""
LEAST_SHARE = 0.25
"""... if they are this share of all words, and more than twice as many as those of its own."""
SHARE_OF_ONE = 0.5
"""One word of a third language is enough if it is half of all words: "Hallo, Anna"."""
LONGEST_WITHIN = 3
"""How many small words in a row a name may contain: "Casa de la Moneda"."""

_LOANS = frozenset({"okay", "hey", "bye", "café", "cafe"})
"""Loan words, which the other language uses unchanged."""
_KNOWN = {"es": SPANISH_WORDS - _LOANS, "en": ENGLISH_WORDS - _LOANS}
_OTHERS = {
    "fr": """
je tu il elle on nous vous ils elles le la les un une des du de au aux ce cet cette ces mon ma mes
ton ta tes son sa ses notre votre leur leurs et ou mais donc car ne pas plus que qui quoi où quand
comment pourquoi est es suis sont êtes sommes était ai as a avons avez ont avoir être fait faire
va vais vas allez dans avec pour par sur sous sans chez entre très bien bon bonne bonjour bonsoir
merci beaucoup oui non monde salut c'est j'ai n'est d'un d'une l'on qu'il s'il parler besoin
demain matin soir aujourd'hui hier maintenant ici peu aussi tout tous toute gare homme femme
""",
    "de": """
ich du er sie es wir ihr mich mir dich dir ihm uns nicht und oder aber der die das den dem des ein
eine einen einem einer ist sind bin bist war waren habe hat haben wird werden wurde kann können
muss müssen möchte will mit von zu zum zur auf für aus bei nach über unter an am im in vor auch
noch schon sehr gut guten hallo danke bitte wie was wer wo wann warum welt geht morgen heute tag
ja nein dass wenn weil kein keine mein dein sprechen
""",
    "pt": """
eu tu você vocês ele ela eles elas nós o a os as uma uns umas da dos das no na nos nas ao aos à às
de em com sem por pelo pela para e ou mas que quem como quando onde não sim muito muita mais bom
boa dia tarde noite obrigado obrigada olá são está estão estou é era foi ser tenho tem temos
preciso quero posso pode também isso isto este esta meu minha seu sua falar amanhã manhã hoje tudo
bem médico agora aqui fazer ir vou vai
""",
    "it": """
io tu lui lei noi voi loro il lo la i gli le un uno una del della dei delle degli al alla ai nel
nella nei dal con per su tra fra di da in e o ma che chi come quando dove perché non sì molto più
è sono sei siamo era ho hai ha abbiamo hanno essere avere fare ciao buongiorno buonasera grazie
prego questo questa quello anche tutti tutto mondo bisogno parlare domani mattina oggi mio mia
bene
""",
    "nl": """
ik je jij hij zij wij we jullie het een de en of maar niet is ben bent zijn was heb heeft hebben
met van voor naar op in uit aan bij dat dit die wat wie waar hoe goedemorgen goed wereld ook gaat
morgen moet kan wil mijn dank dokter spreken
""",
    "ca": """
jo tu ell ella nosaltres vosaltres el la els les un una uns unes del dels al als de amb per en i o
però que qui com quan on no sí molt més és són soc ets era he has ha hem han tinc vull puc
necessito parlar bon bona dia gràcies si us plau aquest aquesta això demà matí avui també meu seva
metge
""",
}
"""Common words of other languages, including those shared with Spanish or English ..."""
_OURS = """
a all am an as au car come comment da dal di die dos e em era fare fait ha has hat he hem ho hoe i
in is la lo ma me mes no o on os per plus pour sa sei sin so son su sur ton tout tu um us van war
was wat we will
"""
_ELSEWHERE = {
    name: frozenset(words.split()) - frozenset(_OURS.split()) for name, words in _OTHERS.items()
}
"""... without Spanish or English words that our own lists lack, which prove nothing."""
_LETTERS = {
    "es": frozenset("abcdefghijklmnopqrstuvwxyzáéíóúüñ'"),
    # also of loan words: "naïve", "façade", "jalapeño"
    "en": frozenset("abcdefghijklmnopqrstuvwxyzéèêïñçöü'"),
}
"""A word with any other letter is in another language."""

_PLAIN = """
je vous nous il elle est êtes suis sont une des dans avec pas c'est ça mais où très oui bonjour
merci monde salut être avoir cette ces pourquoi aujourd'hui
ich wir sie nicht und der ist sind ein eine einen für auf mit auch aber hallo welt guten danke wie
geht es's habe haben wird zu dass über
você vocês não obrigado obrigada olá são também muito isso eu ele ela meu minha tenho em à ao bom
tudo bem
ciao buongiorno grazie è sono della nella questo questa perché molto anche tutti mondo gli
ik niet een het goedemorgen wereld maar ook wij jij gaat
"""
_UNMISTAKABLE = frozenset(_PLAIN.split()) - SPANISH_WORDS - ENGLISH_WORDS
"""One of these words is enough."""

_TAG = re.compile(r"<[^<>]*>")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|\([^()]*\)|\[[^\][]*\]")
_ADDRESS = re.compile(r"\S*(?:[@/\\]|\w\.\w)\S*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SENTENCE_ENDS = re.compile(r"[.!?…:\n]")
_SMALL_WORDS = """
de del la las los el y e of the and da di du van von der
"""
_WITHIN_NAMES = frozenset(_SMALL_WORDS.split())
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


def is_written_in_another(text: str, language: str, source: str = "") -> bool:
    """Return whether ``text`` is clearly not in ``language`` (``es`` or ``en``).

    If there is too little evidence, it is assumed to be. Words of third languages that ``source``
    contains too are quoted.
    """
    words = _telling_words(text)
    known = _KNOWN[language]
    theirs = _KNOWN["en" if language == "es" else "es"]
    if _is_mostly(words, theirs - known, known):
        return True
    quoted = frozenset(_WORD.findall(source.casefold().replace(_APOSTROPHE, "'")))
    strange = {word for word in words if not _LETTERS[language].issuperset(word)}
    is_third = any(
        # words of both languages prove nothing
        _is_mostly(words, (those | strange) - known - quoted, known - those)
        for those in (*_ELSEWHERE.values(), frozenset[str]())
    )
    return is_third or _is_plainly_third(text, words, known, quoted)


def _is_plainly_third(text: str, words: Sequence[str], known: Set[str], quoted: Set[str]) -> bool:
    # these words occur in no names, so capitals do not matter
    plain = _TAG.sub(" ", text.replace(_APOSTROPHE, "'"))
    all_words = [word.casefold() for word in _WORD.findall(plain)]
    found = sum(word in _UNMISTAKABLE and word not in quoted for word in all_words)
    share = LEAST_SHARE if found >= FEWEST_WORDS else SHARE_OF_ONE
    own = sum(word in known for word in words)
    return found > 2 * own and found >= share * len(all_words)


def words_of(text: str, language: str) -> int:
    """Return how many words of ``text`` belong to ``language`` and not to the other one.

    Two of them inside names count as one: "dulce de leche".
    """
    found = [word for word in _telling_words(text) if word in _KNOWN[language]]
    small = sum(word in _WITHIN_NAMES or word == "al" for word in found)
    return len(found) - small + small // 2


def _is_mostly(words: Sequence[str], theirs: Set[str], own: Set[str]) -> bool:
    ours = sum(word in own for word in words)
    others = sum(word in theirs for word in words)
    return others >= max(FEWEST_WORDS, 2 * ours + 1) and others >= LEAST_SHARE * len(words)


def _telling_words(text: str) -> list[str]:
    plain = _ADDRESS.sub(" ", _TAG.sub(" ", text.replace(_APOSTROPHE, "'")))
    outside = _QUOTED.sub(" ", plain)
    # a text that is quoted as a whole is not a quotation
    return list(_uncapitalised(outside if _WORD.search(outside) else plain))


def _uncapitalised(text: str) -> Iterator[str]:
    """Yield the words of ``text`` that are no names, in lower case."""
    words = list(_WORD.finditer(text))
    for number, word in enumerate(words):
        # "o", "u" and "AM" are symbols as often as words
        is_sign = (
            word[0] not in "Iyi" if len(word[0]) == 1 else word[0].isupper() and len(word[0]) <= 3
        )
        if not is_sign and not _is_in_a_name(text, words, number):
            yield word[0].casefold()


def _is_in_a_name(text: str, words: Sequence[re.Match[str]], number: int) -> bool:
    word = words[number]
    if word[0] in _WITHIN_NAMES:
        return _joins_name(text, words, number, -1) and _joins_name(text, words, number, +1)
    if not _is_capital(word) or word[0].split("'")[0] == "I":
        return False
    gap = text[words[number - 1].end() : word.start()] if number else "\n"
    return not _SENTENCE_ENDS.search(gap) or _joins_name(text, words, number, +1)


def _joins_name(text: str, words: Sequence[re.Match[str]], number: int, step: int) -> bool:
    """Return whether a capitalised word follows, or precedes with ``step`` -1, in the same phrase.

    Small words that occur inside names may stand between.
    """
    for here in range(number + step, number + (LONGEST_WITHIN + 1) * step, step):
        if not 0 <= here < len(words):
            return False
        left, right = min(here, here - step), max(here, here - step)
        if text[words[left].end() : words[right].start()].strip(" -"):
            return False
        if _is_capital(words[here]) or words[here][0] not in _WITHIN_NAMES:
            return _is_capital(words[here])
    return False


def _is_capital(word: re.Match[str]) -> bool:
    return word[0][0].isupper()
