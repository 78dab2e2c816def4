"""Does the answer keep the rules that its row of the data set asks for?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from ..judge import Judge
from ..options import one_of
from ..preflight import skipped
from ..sample import Sample, missing_column
from ..verdict import Verdict
from .rule import Finding, NoAnswer, Rule, answer_of
from .table import RULES, rules_from

CreditRule = Literal["all", "fraction"]
CREDITS: tuple[str, ...] = get_args(CreditRule)


class InstructionJudge(Judge):
    """Scores 1 when the answer keeps every rule of its row, else 0.

    >>> asked = [{"rule": "words", "args": {"count": 5, "relation": "at most"}}, {"rule": "no_commas"}]
    >>> verdict = InstructionJudge().verdict("Well, a short answer.", instructions=asked)
    >>> verdict.score, verdict.evidence["broken"], verdict.evidence["rules"][0]
    (0.0, ['no_commas'], {'rule': 'words', 'kept': True, 'asked': 'at most 5 words', 'found': 4})

    A row holds a list of rules, one rule or JSON text of either; `RULES` are those there are. The thinking part is
    left out. The evidence says of every rule what was asked and what was counted or found.

    Reasons: "kept", "broken", "partly kept" (only with `credit="fraction"`); of score 0 also "unfinished thinking"
    and "too long". Abstains with "no rules" where the row asks for nothing, and with "unusable rules" where it asks
    for what there is not; `check_rows` finds such rows before a training begins.

    Args:
        column: the column with the rules.
        credit: "all", or "fraction" for the share of the rules that are kept; passed is what keeps all.
        rules: rules of your own beside those of the table, or instead of those with the same name.
    """

    reads = "text"

    def __init__(
        self, column: str = "instructions", *, credit: CreditRule = "all", rules: Sequence[type[Rule]] = ()
    ) -> None:
        one_of("credit", credit, CREDITS)
        for rule in rules:
            if not (isinstance(rule, type) and issubclass(rule, Rule)):
                raise TypeError(f"rules are subclasses of Rule, not {rule!r:.80}")
        self.columns = (column,)
        self.credit = credit
        self.table = {**RULES, **{rule.name: rule for rule in rules}}

    def rules_of(self, row: Mapping[str, Any] | Sample) -> tuple[Rule, ...]:
        """The rules that a row asks for.

        Raises:
            ValueError: it asks for an unknown rule, or one with wrong arguments.
        """
        return rules_from(row[self.columns[0]], self.table)

    def check_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Read the rules of every row, as a data set gives them: `judge.check_rows(dataset)`.

        Raises:
            ValueError: the first row whose rules cannot be used, named by its number.
        """
        for number, row in enumerate(rows):
            self._require_columns(row)
            try:
                self.rules_of(row)
            except ValueError as error:
                raise ValueError(f"row {number}: {error}") from None

    def _require_columns(self, row: Mapping[str, Any]) -> None:
        for column in self.columns:
            if column not in row:
                raise missing_column(self.name, column, row)

    def _judge(self, sample: Sample) -> Verdict:
        try:
            rules = self.rules_of(sample)
        except ValueError as error:
            return Verdict(None, "skipped", "unusable rules", {"row": sample.row, "error": str(error)})
        if not rules:
            return Verdict(None, "skipped", "no rules")
        try:
            answer = answer_of(sample.text)
        except NoAnswer as error:
            return Verdict(0.0, reason=str(error))
        return self._weighed(rules, [rule.examine(answer) for rule in rules])

    def _unusable(self, sample: Sample) -> str:
        return skipped(self._judge(sample))

    def _weighed(self, rules: Sequence[Rule], findings: Sequence[Finding]) -> Verdict:
        kept = sum(finding.kept for finding in findings)
        evidence = {
            "kept": f"{kept} of {len(rules)}",
            "broken": [rule.name for rule, finding in zip(rules, findings, strict=True) if not finding.kept],
            "rules": [
                {"rule": rule.name, "kept": finding.kept, "asked": finding.asked, "found": finding.found}
                for rule, finding in zip(rules, findings, strict=True)
            ],
        }
        if kept == len(rules):
            return Verdict(1.0, reason="kept", evidence=evidence)
        if self.credit == "all" or not kept:
            return Verdict(0.0, reason="broken", evidence=evidence)
        return Verdict(kept / len(rules), reason="partly kept", evidence=evidence)
