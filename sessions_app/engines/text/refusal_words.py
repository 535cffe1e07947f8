"""The words in which language models refuse, and those in which people say the same. Data.

Each pair: what a model says; what a source contains whose translation may say so too.
"""

DENIED = (
    r"\b(?:no|nunca|jam[aá]s|nadie|nada|ning[uú]\w*|tampoco|ni|sin|n[ie]eg\w*|imposible|incapaz"
    r"|prohib\w*|never|not|\w+n't|(?:ca|do|wo|did|does|is|are|was)nt|cannot|nothing|nobody|none|without|unable|impossible"
    r"|refus\w*|forbid\w*|fail\w*|out of)\b"
)
"""The words of a source that negate anything."""
_NOT = (
    r"(?:can(?:'t|not| not)|could(?: not|n't)|won't|will not|(?:do|does|did)(?:n't| not)"
    r"|(?:am|is|are|'m|'re)(?: not|n't)|unable|not (?:able|allowed|permitted|possible)|outside"
    r"|beyond|against|must decline|decline)"
)
_TASK = r"(?:translat\w*|interpret\w*|traduc\w*|assist\w*|comply|proceed|request)"
_PETICION = r"(?:petici[oó]n|solicitud)"
_ASKED = r"\b(?:petici|solicit|ped[ií]|pid|encarg|demand|instanc|tr[aá]mite|request|ask|appl)"
_RULES = r"\b(?:norma|regl|pol[ií]tic|directri|instruc|program|rule|polic|guid|instruct|program)"

PAIRS: tuple[tuple[str, str], ...] = (
    # being sorry to be unable, where the source negates nothing
    (
        r"\b(?:sorry|apolog\w+|i'm afraid|i am afraid|unfortunately|regret)\b[^.!?]{0,30}?"
        rf"{_NOT}\b",
        DENIED,
    ),
    (
        r"\b(?:lo siento|lo sentimos|lo lamento|lamentablemente|desafortunadamente|disculp\w+"
        r"|me temo que|mis disculpas)\b[^.!?]{0,20}?\bno (?:\w+ ){0,2}?(?:pued|podem|podr|teng"
        r"|est|soy|entiend|comprend|pud|me)|\blamento (?:mucho )?(?:no poder|que no)",
        DENIED,
    ),
    # declining the very task that was asked for
    (
        r"\bi (?:don't|do not) (?:feel comfortable|think (?:that )?i (?:can|should|could))"
        rf"[^.!?]{{0,20}}{_TASK}|\bi (?:don't|do not) think i can help\b"
        rf"|\b(?:i'd|i would) (?:rather|prefer to) not {_TASK}|\bi'd prefer not to {_TASK}"
        rf"|\b(?:it is|it's|that's|that is) (?:not|im)\s?possible (?:for me )?to {_TASK}"
        rf"|\bprefiero no {_TASK}|\bno (?:tengo|me est[aá]) permitid[oa] {_TASK}"
        rf"|\bno (?:es|resulta) posible {_TASK}",
        r"\b(?:traduc|interpret|ayud|translat|assist|help|interpret)",
    ),
    (
        r"\bi (?:must|have to|will have to|need to)? ?(?:respectfully )?(?:decline|refuse) "
        rf"(?:to |this |that |your ){{1,2}}(?:{_TASK})?",
        r"\b(?:rechaz|declin|n[ie]eg|renunci|opon|no\b|refus|paso\b)",
    ),
    (
        r"\b(?:my|our) (?:\w+ )?(?:guidelines|polic(?:y|ies)|programming|instructions)\b"
        r"[^.!?]{0,12}\b(?:do not|don't|prevent|prohibit|forbid)"
        r"|\bmis (?:\w+ )?(?:directrices|pol[ií]ticas|normas|instrucciones)\b[^.!?]{0,12}\bno\b"
        r"|\bi(?:'m| am) (?:programmed|designed|trained) (?:to|as|not)\b"
        r"|\b(?:estoy|fui|he sido) (?:programad|dise[ñn]ad|entrenad)[oa]\b",
        _RULES + r"|\b(?:dise[ñn]|entren|design|train)",
    ),
    (
        r"\brequest (?:is |was |has been )?(?:denied|rejected|refused|blocked|cannot|can't|violat)"
        rf"|\byour request\b|\b{_PETICION} (?:denegad|rechazad|no )"
        rf"|\b(?:tu|su) {_PETICION}\b",
        _ASKED,
    ),
    (
        r"\b(?:this|that|which) is(?:n't| not) something (?:that )?i can\b"
        r"|\bnot something (?:that )?i(?:'m able| can)\b|\boutside (?:of )?(?:what i can"
        r"|my (?:scope|capabilities))|\bbeyond my capabilities\b|\bfuera de mis capacidades\b",
        DENIED,
    ),
    # waiting for something to translate
    (
        rf"\bwhat (?:would you like|do you want|should i|can i)[^.!?]{{0,20}}{_TASK}"
        rf"|\bnothing to {_TASK}|\bnada que {_TASK}|\bready to {_TASK}"
        r"|\bqu[eé] (?:quieres|desea|deseas|quiere|te gustar[ií]a)[^.!?]{0,20}traduc",
        r"\b(?:traduc|interpret|translat)",
    ),
    (
        r"\b(?:i'm|i am) here to help\b|\bhow (?:can|may) i (?:help|assist) you\b"
        r"|\ben qu[eé] puedo ayudar(?:te|le|los)\b|\bestoy aqu[ií] para ayudar",
        r"[?¿]|\b(?:ayud|serv|atend|ofre[cz]|d[ií]ga|dime|dinos|desea|quier|help|assist|serve|tell"
        r"|buen[ao]s|hola|hello|hi\b|good)",
    ),
    (
        r"\b(?:text|content|message|sentence) (?:\w+ )?(?:contains|includes|is|appears to be) "
        r"(?:\w+ )?(?:inappropriate|offensive|harmful|explicit|sensitive)"
        r"|\b(?:texto|contenido|mensaje) (?:\w+ )?(?:contiene|incluye|es|parece) (?:\w+ ){0,3}"
        r"(?:inapropiad|inadecuad|ofensiv|dañin|expl[ií]cit|sensible)",
        r"\b(?:inapropiad|inadecuad|ofens|dañ|expl[ií]cit|sensib|inappropriat|offens|harm|explicit"
        r"|sensitiv|texto|text|contenido|content|mensaje|message)",
    ),
    # reasoning about the user
    (
        r"^\W*(?:(?:okay|ok|so|alright|hmm|first|bien|vale)\b\W*)*(?:the (?:user|speaker)"
        r"|el (?:usuario|hablante)) (?:wants?|is asking|asks?|said|says|quiere|pide|dice)\b",
        r"\b(?:usuari|hablante|orador|ponente|user|speaker)",
    ),
    (
        r"^\W*(?:(?:okay|ok|so|alright|hmm|first|bien|vale)\b\W*)*(?:let me|i need to|we need to"
        r"|i should|i have to|tengo que|debo|voy a) (?:translat|traduc)",
        r"\b(?:traduc|interpret|translat)",
    ),
)
