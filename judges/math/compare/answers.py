"""Whether an answer says the same as the gold answer: lists, sets and sequences of claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..values.expr import Expr, Undecidable, Undefined, has, rebuild, symbols, walk
from ..values.matrices import evaluated
from ..values.rational import exact
from .claims import Claim, claim, names_a_quantity
from .items import items_of, mixed_number
from .parameters import settled
from .same_sets import same_sets
from .scalars import UNDECIDED, Finding, Settings, same_value
from .shapes import SHAPES, same_equation

MAX_ITEMS = 64  # of a list that is not all plain numbers
_TRUE, _FALSE_EQUATION = Finding(True, "same form"), Finding(False, "false equation")


def compare(gold: Expr, answer: Expr, settings: Settings) -> Finding:
    """The finding on a whole answer."""
    finding = _compare(gold, answer, settings)
    if finding.equal or settings.strict:
        return finding
    return _compare(_loosened(gold), _loosened(answer), settings)


def _loosened(expr: Expr) -> Expr:
    """Variables numbered in alphabetical order, tuples as sets; what is nothing but letters keeps them."""
    only_letters = all(node.op in ("symbol", "mul", "tuple", "list", "set") for node in walk(expr))
    names = [] if only_letters else sorted(symbols(expr))
    numbered = {name: f"x_{place}" for place, name in enumerate(names)}

    def change(node: Expr) -> Expr | None:
        if node.op == "symbol":
            return Expr("symbol", value=numbered.get(node.value, node.value))
        if node.op == "tuple" and node.value == "()":
            return Expr("set", tuple(rebuild(arg, change) for arg in node.args))
        return None

    return rebuild(expr, change)


def _compare(gold: Expr, answer: Expr, settings: Settings) -> Finding:
    if gold == answer:
        return _TRUE
    if gold.op == "text" or answer.op == "text":
        return _same_text(gold, answer)
    for expr in (gold, answer):
        if has(_stated_value(expr), "ellipsis"):
            return Finding(False, "open-ended list")
    gold, answer = mixed_number(gold, answer), mixed_number(answer, gold)
    one_name = settled(gold, answer)
    if one_name is None:
        return Finding(False, "different items")
    gold, answer = one_name
    if gold == answer:
        return _TRUE
    as_sets = same_sets(gold, answer, settings)
    if as_sets is not None:
        return as_sets
    return _same_items(items_of(gold), items_of(answer), gold, answer, settings)


def _stated_value(expr: Expr) -> Expr:
    """The 42 of `a_1 + … + a_n = 42`."""
    return expr.args[-1] if expr.op == "relation" and set(expr.value) == {"="} else expr


def _same_text(gold: Expr, answer: Expr) -> Finding:
    words = [expr.value if expr.op == "text" else _letters(expr) for expr in (gold, answer)]
    return Finding(None not in words and len({_folded(str(word)) for word in words}) == 1, "text")


def _letters(expr: Expr) -> str | None:
    """A symbol or product of symbols as the word it may have been meant as."""
    if expr.op in ("symbol", "constant"):
        return str(expr.value)
    if expr.op == "mul":
        parts = [_letters(arg) for arg in expr.args]
        return None if None in parts else "".join(str(part) for part in parts)
    return None


def _folded(text: str) -> str:
    words = text.casefold().strip("()[].,:; ").split()
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("a", "an", "the") else words)


def _same_items(gold_items: list[Expr], items: list[Expr], gold: Expr, answer: Expr, settings: Settings) -> Finding:
    gold_claims, claims = (_claims(side, settings) for side in (gold_items, items))
    if any(c.false for c in claims):
        return _FALSE_EQUATION
    if any(c.false for c in gold_claims):
        return Finding(False, "text")
    if len(gold_claims) == len(claims) == 1:
        return _same_claim(gold_claims[0], claims[0], settings)
    ordered = _in_order(gold_claims, claims, gold, answer)
    if ordered is not None:
        return _pairwise(*ordered, settings)
    return _same_collection(gold_claims, claims, settings)


def _claims(items: list[Expr], settings: Settings) -> list[Claim]:
    r"""What the items claim; `S = \{1, 2\}` claims two things."""
    claims: list[Claim] = []
    for item in items:
        made = claim(item, settings)
        if made.value is not None and made.value.op in ("set", "list") and made.value != item:
            claims += [claim(inner, settings) for inner in items_of(made.value)]
        else:
            claims.append(made)
    return claims


def _in_order(
    gold_claims: list[Claim], claims: list[Claim], gold: Expr, answer: Expr
) -> tuple[Sequence[Expr], Sequence[Expr]] | None:
    """Both sides as sequences when their order means something: a tuple against a list, or several unknowns."""
    unknowns, named = _unknowns(gold_claims), _unknowns(claims)
    if unknowns and named:
        if set(unknowns) != set(named):
            return None
        return [unknowns[name] for name in unknowns], [named[name] for name in unknowns]
    sequences = _sequence(gold_claims, unknowns, gold), _sequence(claims, named, answer)
    is_tuple = [bool(unknown) or _lone_tuple(side) for unknown, side in ((unknowns, gold_claims), (named, claims))]
    if not any(is_tuple) or sequences[0] is None or sequences[1] is None:
        return None
    if len(sequences[0]) != len(sequences[1]):
        return None
    return sequences[0], sequences[1]


def _unknowns(claims: list[Claim]) -> dict[Expr, Expr]:
    """Values by name, when every item names another unknown; x_1 and x_2 are two values of one."""
    values = {c.name: c.value for c in claims if c.name is not None and c.value is not None}
    stems = {str(name.value).partition("_")[0] if name.op == "symbol" else str(name) for name in values}
    distinct = len(values) == len(claims) > 1 and len(stems) > 1
    return values if distinct else {}


def _lone_tuple(claims: list[Claim]) -> bool:
    value = claims[0].value if len(claims) == 1 else None
    return value is not None and value.op == "tuple" and value.value == "()"


def _sequence(claims: list[Claim], unknowns: dict[Expr, Expr], whole: Expr) -> Sequence[Expr] | None:
    if unknowns:
        return list(unknowns.values())
    if _lone_tuple(claims) and claims[0].value is not None:
        return claims[0].value.args
    if whole.op == "list" and all(c.name is None and c.value is not None for c in claims):
        return [c.value for c in claims if c.value is not None]
    return None


def _same_collection(gold_claims: list[Claim], claims: list[Claim], settings: Settings) -> Finding:
    """Unordered, repetitions do not count: every item of each side stands in the other."""
    numbers = [_plain_numbers(side) for side in (gold_claims, claims)]
    if numbers[0] is not None and numbers[1] is not None and settings.decimals is settings.tolerance is None:
        if numbers[0] == numbers[1]:
            return Finding(True, "exact numbers")
        if len(numbers[0]) == 1 < len(numbers[1]):
            return Finding(False, "several answers")
        if not any(has(c.value, "decimal") for c in (*gold_claims, *claims) if c.value is not None):
            return Finding(False, "exact numbers")
    if max(len(gold_claims), len(claims)) > MAX_ITEMS:
        return Finding(False, "too many items")
    undecided = False
    for these, others, same in ((gold_claims, claims, _same_claim), (claims, gold_claims, _reversed_same_claim)):
        for one in these:
            found = _any(same(one, other, settings) for other in others)
            if found.equal is False:
                return Finding(False, "several answers" if len(gold_claims) == 1 else "different items")
            undecided |= found.equal is None
    return UNDECIDED if undecided else Finding(True, "same items")


def _reversed_same_claim(answer: Claim, gold: Claim, settings: Settings) -> Finding:
    return _same_claim(gold, answer, settings)


def _plain_numbers(claims: list[Claim]) -> set[Fraction] | None:
    try:
        return {exact(_plain(c)) for c in claims}
    except (Undecidable, Undefined):
        return None


def _plain(c: Claim) -> Expr:
    if c.value is None or c.name is not None:
        raise Undecidable("an equation")
    return c.value


def _any(findings: Iterable[Finding]) -> Finding:
    undecided = False
    for finding in findings:
        if finding.equal:
            return finding
        undecided |= finding.equal is None
    return UNDECIDED if undecided else Finding(False, "different items")


def _pairwise(left: Sequence[Expr], right: Sequence[Expr], settings: Settings) -> Finding:
    if len(left) != len(right):
        return Finding(False, "different lengths")
    undecided, rule = False, "entry by entry"
    for one, other in zip(left, right, strict=True):
        finding = compare(one, other, settings)
        if finding.equal is False:
            return finding
        undecided |= finding.equal is None
    return UNDECIDED if undecided else Finding(True, rule)


# Single claims.


def _same_claim(gold: Claim, answer: Claim, settings: Settings) -> Finding:
    of_several = gold.name is not None and answer.name is None and names_a_quantity(gold.name)  # x + y = 0, not 0
    if gold.equation or answer.equation or of_several or _names_differ(gold.name, answer.name):
        return same_equation(gold, answer)
    assert gold.value is not None
    assert answer.value is not None
    return _same_single(gold.value, answer.value, settings)


def _names_differ(left: Expr | None, right: Expr | None) -> bool:
    """`y = 2x` and `f(x) = 2x` define the same."""
    if left is None or right is None or left == right:
        return False
    return not any(a.op == "apply" and b == Expr("symbol", value="y") for a, b in ((left, right), (right, left)))


def _same_single(gold: Expr, answer: Expr, settings: Settings) -> Finding:
    if gold == answer:
        return _TRUE
    try:
        gold, answer = evaluated(gold), evaluated(answer)
    except Undecidable:
        return Finding(False, "different shapes")
    answer = _with_constant_of(gold, answer)
    for left, right in ((gold, answer), (answer, gold)):
        rule = SHAPES.get(left.op)
        if rule is not None:
            return rule(left, right, settings, _pairwise)
    if {"list", "set"} & {gold.op, answer.op}:
        return _same_items(items_of(gold), items_of(answer), gold, answer, settings)
    return same_value(gold, answer, settings)


def _with_constant_of(gold: Expr, answer: Expr) -> Expr:
    """The answer with its constant of integration, `+ c`, in the letter case of the gold answer's `+ C`."""
    if gold.op != "add" or answer.op != "add":
        return answer
    last = gold.args[-1], answer.args[-1]
    others = set().union(*(symbols(arg) for side in (gold, answer) for arg in side.args[:-1]))
    if last in _CONSTANTS and others.isdisjoint(("C", "c")):
        return Expr("add", (*answer.args[:-1], last[0]))
    return answer


_CONSTANTS = tuple((Expr("symbol", value=one), Expr("symbol", value=other)) for one, other in ("Cc", "cC"))
