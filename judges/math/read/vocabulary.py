"""The words the grammar knows: functions, Greek letters, English words that are no products of variables."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


FUNCTIONS = words(
    "sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan arccot arcsec arccsc asin acos atan ln log lg "
    "exp sqrt abs max min gcd lcm floor ceil sgn sign Re Im det arg zeta Gamma sech csch binom"
)
GREEK = words(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell hbar"
)
PLAIN_GREEK = words("alpha beta gamma delta epsilon theta lambda mu rho sigma tau phi omega psi xi eta")
STYLES = words(
    "mathbf mathit mathsf mathcal mathfrak boldsymbol bm mathrm displaystyle boxed fbox text mbox textbf textrm textit "
    "operatorname"
)
ACCENTS = words("overline bar vec hat tilde overrightarrow widehat dot underline")
ENGLISH = words(
    "and or percent pct no yes odd even not none all any the of is are to be by for if in mod true false real "
    "undefined impossible solution solutions number numbers square cubic per each units unit way ways only "
    "red blue green day days other than integer integers"
)
MATHEMATICAL = words("and or pi infinity mod dollars percent pct units")
IGNORED_IN_UNITS = words("unit units square cubic sq cu of the a an total approximately about exactly")
MAGNITUDES = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "万": 10**4, "萬": 10**4, "만": 10**4, "亿": 10**8, "億": 10**8, "억": 10**8,
}  # fmt: skip
EASTERN_CONJUNCTIONS = {
    **dict.fromkeys(("或", "或者", "或是", "または", "또는"), "or"),
    **dict.fromkeys(("和", "与", "及", "以及", "且", "と", "와", "과", "그리고"), "and"),
}
PROSE = words(
    "is are was were be our we it its that this which where if then so because since answer solution solutions there "
    "with has have not no for to by when but thus hence therefore from can must should"
)  # what follows a number in a sentence, never in an answer
TURNING = words(
    "but no not wait actually so then thus hence therefore instead rather correction however recomputing now finally "
    "is was should must gives get becomes answer corrected sorry because since if from"
)  # between two boxes: the second one replaces the first
BASES = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
