"""The words with which an answer to a multiple-choice question is stated, as parts of regular expressions."""

from __future__ import annotations

_NOUNS = (
    "answer", "antwort", "lösung", "respuesta", "réponse", "reponse", "risposta", "resposta", "ответ", "відповідь",
    "odpowiedź", "odpověď", "antwoord", "svar", "svaret", "vastaus", "cevap", "đáp án", "jawaban", "उत्तर", "الإجابة",
    "الجواب", "정답", "답", "答え", "解答", "正解", "答案", "故选", "故選", "应选", "應選", "选择", "選擇", "选", "選",
)  # fmt: skip
_POSSIBILITIES = ("choice", "option", "selection", "opción", "opzione", "вариант", "选项", "選項")
_COPULAS = (
    "is", "are", "was", "be", "ist", "lautet", "wäre", "es", "est", "serait", "è", "é", "это", "является", "är", "er",
    "jest", "je", "on",
)  # fmt: skip
_RIGHT = (
    "correct", "right", "true", "best", "richtig", "korrekt", "correcta", "correcto", "correcte", "exacte", "corretta",
    "corretto", "correta", "правильный", "верный", "правильно", "верно", "正确", "正確",
)  # fmt: skip
_THEREFORE = (
    "so", "thus", "hence", "therefore", "also", "daher", "donc", "entonces", "поэтому", "所以", "因此", "故", "よって",
)  # fmt: skip
_ALTERNATIVES = (
    r"\bor\b", r"\band\b", r"\band/or\b", r"\boder\b", r"\bund\b", r"\bou\b", r"\bo\b", r"\bou\b", r"\bили\b",
    r"\balternatively\b", "[/,&|;+、]", "或者?", "和", "または", "또는",
)  # fmt: skip
_POSSIBLY = ("maybe", "perhaps", "possibly", "probably", "even", "else", "then", "also", "option", "choice")


def _any(words: tuple[str, ...]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


NOT_INSIDE = r"(?<![a-zA-ZÀ-ɏЀ-ӿ\d])"  # what stands before a word in an alphabet; Han characters need no space
NOT_GOING_ON = r"(?!['’]?[a-zA-ZÀ-ɏЀ-ӿ\d])"
_IS = (
    rf"\s{{0,4}}+(?:(?:(?:would|should|must|has to|seems? to|appears? to|can only) be|{_any(_COPULAS)}){NOT_GOING_ON}"
    r"(?:\s(?:clearly|therefore|thus|then|definitely|probably|likely|simply))?|应该是|應該是|[是为為は는은])"
)
_ADJECTIVE = rf"(?:\s{_any(_RIGHT)}{NOT_GOING_ON})?"
# "Answer B" states; "option B" only mentions, unless it says that it is.
ANSWER_IS = (
    rf"(?:{NOT_INSIDE}{_any(_NOUNS)}{_ADJECTIVE}(?:{_IS})?"
    rf"|{NOT_INSIDE}{_any(_POSSIBILITIES)}{_ADJECTIVE}(?:{_IS}|[\s*]{{0,4}}+[:=]))"
)
CHOOSE = rf"{NOT_INSIDE}(?:choose|select|pick|go with|opt for)"
RIGHT = rf"(?:the |die |la |le |most )?{_any(_RIGHT)}{NOT_GOING_ON}"
SO = (
    rf"{NOT_INSIDE}(?:{_any(_THEREFORE)}(?:,? (?:it|that|this) (?:must be|has to be|is))?"
    r"|(?:it|that|this) (?:must|has to|should|can only) be|it['’]s)[,:]?"
)
OR = rf"(?:{_any(_ALTERNATIVES)}(?:\s{{0,4}}+{_any(_POSSIBLY)}\b){{0,3}})"
