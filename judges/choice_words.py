"""The words with which an answer to a multiple-choice question is stated, as parts of regular expressions."""

from __future__ import annotations

_NOUNS = (
    "answer", "ans.?", "antwort", "lösung", "respuesta", "réponse", "reponse", "risposta", "resposta", "ответ",
    "відповідь", "odpowiedź", "odpověď", "antwoord", "svar", "svaret", "vastaus", "cevap", "yanıt", "đáp án", "jawaban",
    "răspuns", "răspunsul", "válasz", "απάντηση", "उत्तर", "الإجابة", "الجواب", "پاسخ", "תשובה", "התשובה", "คำตอบ",
    "ตอบ", "정답", "답",
    "答え", "解答", "正解", "回答", "答案", "故选", "故選", "应选", "應選", "选择", "選擇", "选", "選",
)  # fmt: skip
# These only mention, unless a copula or a colon says that it is the answer.
_POSSIBILITIES = (
    "choice", "option", "selection", "letter", "alternative", "opción", "opção", "opzione", "alternativa", "letra",
    "lettera", "lettre", "вариант", "选项", "選項", "選択肢",
)  # fmt: skip
_OUTCOMES = (
    "final", "result", "solution", "verdict", "response", "conclusion", "decision", "guess", "pick", "prediction",
    "output", "label",
)  # fmt: skip
_COPULAS = (
    "is", "are", "was", "be", "ist", "lautet", "wäre", "es", "sería", "est", "serait", "è", "é", "seria", "это",
    "является", "є", "är", "er", "on", "jest", "to", "je", "este", "είναι", "là", "adalah", "هي", "هو", "היא",
)  # fmt: skip
_ARTICLES = ("the", "la", "le", "el", "il", "o", "a", "die", "der", "das", "de", "het")
_RIGHT = (
    "correct", "right", "true", "best", "most likely", "most appropriate", "final", "richtig", "korrekt", "correcta",
    "correcto", "correcte", "exacte", "corretta", "corretto", "giusta", "giusto", "correta", "certa", "правильный",
    "верный", "правильно", "верно", "đúng", "yang benar", "yang tepat", "الصحيحة", "الصحيح", "正确", "正確",
)  # fmt: skip
_THEREFORE = (
    "so", "thus", "hence", "therefore", "basically", "clearly", "overall", "in conclusion", "in summary", "i.e.",
    "also", "daher", "donc", "entonces", "поэтому", "所以", "因此", "故", "よって",
)  # fmt: skip
_CHOOSE = (
    "choose", "select", "pick", "go with", "opt for", "vote", "vote for", "guess", "settle on", "would say",
    "['’]d say", "wähle", "richtig ist", "elijo", "escojo", "choisis", "scelgo", "escolho", "kies", "wybieram",
    "выбираю",
)  # fmt: skip
_ALTERNATIVES = (
    r"\bor\b", r"\band\b", r"\band/or\b", r"\boder\b", r"\bund\b", r"\bou\b", r"\bo\b", r"\be\b", r"\bили\b",
    r"\balternatively\b", r"\bbut (?:it )?(?:could|might|may)(?: also)? be\b", r"\bbut (?=maybe|perhaps|possibly)",
    "[/,&|;+、]", "或者?", "和", "または", "또는",
)  # fmt: skip
_POSSIBLY = ("maybe", "perhaps", "possibly", "probably", "even", "else", "then", "also", "option", "choice")


def _any(words: tuple[str, ...]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


NOT_INSIDE = r"(?<![a-zA-ZÀ-ɏЀ-ӿ\d])"  # what stands before a word in an alphabet; Han characters need no space
NOT_GOING_ON = r"(?!(?!['’](?:d[iıuü]r|t[iıuü]r)\b)['’]?[a-zA-ZÀ-ɏЀ-ӿ\d])"  # the suffix is Turkish for "is"
_BE = r"(?:(?:would|should|must|has to|seems? to|appears? to|can only|will|is (?:going|likely) to) be|can be)"
_SURELY = r"(?:\s(?:clearly|therefore|thus|then|definitely|probably|likely|simply|indeed))?"
_IS = (
    rf"\s{{0,4}}+(?:(?:{_BE}|{_any(_COPULAS)}){NOT_GOING_ON}{_SURELY}(?:\s{_any(_ARTICLES)}(?=\s))?"
    r"|应该是|應該是|[是为為은는]|คือ)|\s?[は为]|\s[-–—](?=\s)"
)
_ADJECTIVE = rf"(?:\s{_any(_RIGHT)}{NOT_GOING_ON})?"
_WHICH = r"(?:\s(?:to|for|of)\s(?:(?:the|this|your)\s)?[\w#]{1,20}(?:\s[\w#]{1,20}){0,3}?(?=\s*:|\sis\s))?"
# "Answer B" states; "option B" only mentions, unless it says that it is.
ANSWER_IS = (
    rf"(?:{NOT_INSIDE}{_any(_NOUNS)}{_ADJECTIVE}{_WHICH}(?:{_IS})?"
    rf"|{NOT_INSIDE}{_any(_POSSIBILITIES)}{_ADJECTIVE}(?:{_IS}|[\s*]{{0,4}}+[:=]))"
)
OUTCOME = rf"{NOT_INSIDE}{_any(_OUTCOMES)}[\s*]{{0,4}}+[:=]"
CHOOSE = rf"(?:{NOT_INSIDE}|(?=['’])){_any(_CHOOSE)}"
MENTION = rf"{NOT_INSIDE}{_any(_POSSIBILITIES)}"
RIGHT = rf"(?:the |die |la |le |most )?{_any(_RIGHT)}{NOT_GOING_ON}"
RIGHT_THERE = r"(?:选项|選項|项)?(?:是|为|が|は)?(?:正确|正確|正しい|对的|對的)"  # behind a letter, without a space
WRONG = (
    r"\s{1,4}+(?:(?:is|was|are|be|ist|est|es|è|é)\s(?:also\s|clearly\s|definitely\s)?(?:not|never|nicht|no|wrong|false|"
    r"incorrect|invalid|impossible|out|eliminated|ruled|excluded|falsch|incorrecta?|fausse?)\b|(?:isn|can|wasn|aren)['’]t\b"
    r"|cannot\b|不)|不|错|錯"
)
SO = (
    rf"{NOT_INSIDE}(?:{_any(_THEREFORE)}(?:,? (?:it|that|this) (?:must be|has to be|is))?"
    r"|(?:it|that|this) (?:must|has to|should|can only) be|it['’]s|(?:think|believe) it is)[,:]?"
)
OR = rf"(?:{_any(_ALTERNATIVES)}(?:\s{{0,4}}+{_any(_POSSIBLY)}\b){{0,3}})"
BUT = r"(?:but(?: rather)?|rather|it is|it['’]s|instead|sondern|sino|mais|mas|ma|а|而是)"
