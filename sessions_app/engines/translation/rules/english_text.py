"""English in other words, before the rules see it: what they can do instead of what they cannot."""

import re
from collections.abc import Callable, Sequence

from sessions_app.engines.translation.rules.draft import BARE, HABIT, NOW, POLITE, Draft
from sessions_app.engines.translation.rules.english_clock import tell_times
from sessions_app.engines.translation.rules.english_dates import tell_dates

_PLEASE = re.compile(
    r"(?P<before>,\s*|\b(?:to|can't|cannot|as you|if you|whatever you|what you|hard to|will|might"
    r"|does|do|did|didn't|doesn't|not)\s+)?\b(?P<word>please)\b"
    r"(?P<whom> (?:him|her|them|everyone|everybody)\b)?,?(?P<space>\s*)(?P<next>\w?)",
    re.IGNORECASE,
)
_TITLE = re.compile(r"\bMiss (?=[A-Z]\w+(?P<called>,)?)")
_GERUND = r"(?=(?:not )?\w+ing\b)"

_REWRITTEN: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in [
        (r"\u2019", "'"),
        (r"\blet's go(?=\s*[.,!?;]|\s*$| (?:to|home|there|back|out|now)\b)", "we go"),
        (r"\b(?:let's|lets|let us) not (?=\w)", "[no vamos a] " + BARE),
        (r"\blet's (?=see\b)", "[vamos a] " + BARE),
        (r"\b(?:let's|lets)(?= \w)", "we are going to"),
        (r"(^|[.!?,;] |\b(?:please|and|so|but|now) )let us(?= (?!know\b)\w)", r"\1we are going to"),
        (r"\bshall we(?= \w)", "we"),
        (r"\bshall i(?= \w)", "I"),
        (rf"\b(?:would|do) you mind {_GERUND}", "could you " + BARE),
        (r"\b(?:would|do) you mind (?=if (?:i|we) )", "[te importa] " + NOW),
        (r"\b(?:would|do) you mind(?=\?| *$)", "[te importa]"),
        (r"\bi (?:do not|don't|wouldn't|would not) mind(?= *[.,!?]| *$)", "[no me importa]"),
        (rf"\b(?:how|what) about (?:we |us )?{_GERUND}", "[qué tal si] we " + NOW),
        (r"\bhow about (?=(?:we|i|you) \w)", "[qué tal si] "),
        (r"\b(?:how|what) about (?=\w)", "[qué tal] "),
        (
            r"(\bbe|\bare|\bis|\bam|\bwas|\bwere|'m|'re|'s|\bget|\bgot) used to\b",
            r"\1 accustomed to",
        ),
        (r"\bused to (?=\w)", HABIT),
        (r"\b(did(?:n't| not)?(?: (?:you|he|she|they|we|i))?) use to (?=\w)", r"\1 " + HABIT),
        (r"\bis there (?=\w)", "there is "),
        (r"\bare there (?=\w)", "there are "),
        (r"\bwas there (?=\w)", "there was "),
        (r"\bwere there (?=\w)", "there were "),
        (r"\b(?:the )?(?:pound|hash)(?:, or hash)? (?:key|sign)\b", "[la tecla numeral:np]"),
        (r"\b(?:the )?star (?:key|sign)\b", "[la tecla asterisco:np]"),
        (r"(?<=press )(?:pound|hash)\b|\b(?<=followed by )pound\b", "[numeral:np]"),
        (r"(?<=press )star\b", "[asterisco:np]"),
        (r"\bstate-of-the-art\b", "modern"),
        (r"\bwell-known\b", "famous"),
        (r"\bself-service\b", "[autoservicio:np]"),
        (
            r"\b(\w+)-(year|month|week|day|hour|minute|mile|metre|page|star|euro)(?:-old)? (\w+)",
            r"\3 of \1 \2s",
        ),
        (rf"\bwould you (?={POLITE})", "could you "),
        (r"\btell me the time\b", "tell me [la hora:np]"),
        (r"\bsit down\b(?= *[.,!?]| *$)", "[siéntate]"),
        (
            r"(?:^|(?<=[.!?,] ))see you(?= (?:at|on|in|there|tomorrow|later|next|soon))",
            "[nos vemos]",
        ),
        (r"\bpart-time (\w+)", r"\1 [a tiempo parcial]"),
        (r"\bfull-time (\w+)", r"\1 [a tiempo completo]"),
        (r"\bcheck-in (?:desk|counter)\b", "[mostrador de facturación:n m]"),
        (r"\bcheck-in\b", "[registro de llegada:n m]"),
        (r"\bmissed calls?\b", "[llamada perdida:n f]"),
        (r"\bbe careful\b", "[ten cuidado]"),
        (r"\blet me know\b", "[avísame]"),
        (r"\blet me see\b", "[déjame ver]"),
    ]
]
"""What is said in other words, or by an insert in brackets: its text; behind a colon, its tags."""
_INSERT = re.compile(r"\[([^\]:]+)(?::([^\]]*))?\]")
_TAGS = {None: "<adv>", "np": "<np><loc>", "n m": "<n><sg>", "n f": "<n><sg>"}


def rewrite_english(draft: Draft) -> None:
    """Replace times of day, requests and what else the rules cannot do."""
    text = _TITLE.sub(_titled(draft), draft.text.replace("\u2019", "'"))
    draft.text = _PLEASE.sub(_polite, text)
    for pattern, other in _REWRITTEN:
        draft.text = pattern.sub(_putting(other, draft), draft.text)
    tell_times(draft)
    tell_dates(draft)


def _polite(found: re.Match[str]) -> str:
    before = found["before"] or ""
    if found["whom"] or (before and not before.startswith(",")):
        return found[0]  # a verb: "to please everybody"
    gap = " " if before and found["space"] else ""
    following = found["next"].upper() if found["word"][0].isupper() else found["next"]
    return gap + POLITE + following


def _putting(other: str, draft: Draft) -> Callable[[re.Match[str]], str]:
    def put(found: re.Match[str]) -> str:
        text = found.expand(other)
        made = _INSERT.sub(lambda one: draft.insert(one[1], _TAGS[one[2]]), text)
        return made[:1].upper() + made[1:] if found[0][:1].isupper() else made

    return put


def _titled(draft: Draft) -> Callable[[re.Match[str]], str]:
    def title(found: re.Match[str]) -> str:
        is_called = found["called"] and not found.start()
        return draft.insert("señorita" if is_called else "la señorita") + " "

    return title
