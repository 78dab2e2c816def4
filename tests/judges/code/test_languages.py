"""Programs that are no Python: honest and hostile ones of each language, which lie beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jurybox.judges.code import CodeJudge, IsolationUnavailable
from jurybox.judges.code.languages.toolchains import TOOLED, ToolchainMissing, find
from jurybox.judges.preflight import PreflightError
from tests.case_kinds import code_benign, code_hostile

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def judges():
    """One judge a language; a test that wants one whose tools are missing is skipped."""
    made = {}

    def judge(language):
        if language in TOOLED:
            needs(language)
        if language not in made:
            made[language] = CodeJudge(workers=1, language=language)
        return made[language]

    yield judge
    for each in made.values():
        each.close()


def needs(language):
    try:
        find(language)
    except ToolchainMissing as missing:
        pytest.skip(str(missing))


def rows(kind, languages):
    found = []
    for language in languages:
        for row in map(json.loads, (HERE / f"{language}_{kind}.jsonl").read_text().splitlines()):
            slow = [pytest.mark.slow] if language == "cpp" or kind == "hostile" else []
            found.append(pytest.param(language, row, id=f"{language}-{row['name']}", marks=slow))
    return found


@pytest.mark.parametrize(("language", "row"), rows("benign", ["cpp", "javascript", "bash", "sql"]))
def test_honest_programs(judges, language, row):
    verdict = judges(language).verdict(code_benign.completion_of(row), tests=code_benign.tests_of(row))
    assert [int(result.passed) for result in verdict.tests] == row["expected"]["per_test"], verdict
    assert verdict.score == pytest.approx(row["expected"]["score_fraction"])


@pytest.mark.parametrize(("language", "row"), rows("hostile", ["cpp", "javascript", "bash", "sql"]))
def test_hostile_programs(language, row):
    if language in TOOLED:
        needs(language)
    assert code_hostile.check_row(row) is None


DANGEROUS = ("read_a_secret", "environment_of_the_judge", "write_outside", "fork_bomb", "attach_a_secret")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "row"),
    [each for each in rows("hostile", ["cpp", "javascript", "bash", "sql"]) if each.values[1]["name"] in DANGEROUS],
)
def test_the_most_dangerous_ones_as_an_unprivileged_user(language, row, unprivileged):
    if language in TOOLED:
        needs(language)
    assert code_hostile.check_row(row, command=unprivileged) is None


@pytest.mark.slow
def test_the_root_alone_hides_files_where_there_is_no_landlock():
    needs("bash")
    hostile = [row.values[1] for row in rows("hostile", ["bash"]) if row.values[1]["name"] in DANGEROUS]
    assert [code_hostile.check_row(row, {"without": ["landlock"]}) for row in hostile] == [None] * len(hostile)
    with pytest.raises(IsolationUnavailable, match="bash programs need namespaces"):
        CodeJudge(language="bash", without=["namespaces"], isolation="strict")


def test_what_a_test_program_says_is_not_told(judges):
    tests = {"prompt": "function f() {", "test": "require('assert').equal(f(), 'the answer')"}
    verdict = judges("javascript").verdict("```js\nfunction f() { console.error('mine'); }\n```", tests=tests)
    assert verdict.reason == "wrong_answer"
    assert "the answer" not in json.dumps(dict(verdict.evidence))


# Which language.


def test_the_fence_says_which_of_several_languages(judges):
    needs("bash")
    tests = [{"stdin": "4", "stdout": "5"}]
    with CodeJudge(workers=1, language=["python", "bash"]) as judge:
        assert judge.verdict("```bash\nread x; echo $((x + 1))\n```", tests=tests).score == 1.0
        assert judge.verdict("```python\nprint(int(input()) + 1)\n```", tests=tests).score == 1.0
        assert judge.verdict("```\nprint(int(input()) + 1)\n```", tests=tests).score == 1.0
        assert judge.verdict("```js\nconsole.log(5)\n```", tests=tests).reason == "no_code"


def test_a_row_names_its_language(judges):
    needs("bash")
    tests = [{"stdin": "4", "stdout": "5"}]
    completions = ["```sh\nread x; echo $((x + 1))\n```", "```python\nprint(int(input()) + 1)\n```"] * 2
    languages = ["bash", None, "Python", "bash"]
    verdicts = judges("python").verdicts(completions, tests=[tests] * 4, language=languages)
    assert [verdict.score for verdict in verdicts] == [1.0, 1.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="unknown language 'klingon'"):
        judges("python").verdicts(completions[:1], tests=[tests], language=["klingon"])


@pytest.fixture
def no_tools(monkeypatch):
    """A machine without any tool."""
    monkeypatch.setenv("PATH", "/nowhere")
    find.cache_clear()
    yield
    find.cache_clear()


def test_a_missing_toolchain_fails_at_construction(no_tools):
    with pytest.raises(ToolchainMissing, match=r"no `g\+\+` on the PATH; to mend it, install .*apt install g\+\+"):
        CodeJudge(language="cpp")


def test_a_row_without_a_toolchain_is_told_before_and_abstains(judges, no_tools):
    tests = [{"stdin": "", "stdout": "1"}]
    with CodeJudge(workers=1) as judge:
        with pytest.raises(PreflightError, match="no `node` on the PATH"):
            judge.preflight([{"tests": tests, "language": "javascript"}])
        verdict = judge.verdict("```js\nconsole.log(1)\n```", tests=tests, language="javascript")
    assert (verdict.score, verdict.reason) == (None, "no_toolchain")


def test_tests_that_a_language_does_not_have_are_refused(judges):
    with pytest.raises(ValueError, match="programs in bash cannot be put to tests of the kind CallTest"):
        judges("python").verdict(
            "```sh\n:\n```", tests={"tests": [{"args": [1], "expected": 1}], "entry": "f"}, language="bash"
        )


def test_compile_errors_come_with_what_the_compiler_says(judges):
    verdict = judges("cpp").verdict("```cpp\nint main() { return x; }\n```", tests=[{"stdin": "", "stdout": ""}] * 2)
    assert (verdict.score, verdict.reason) == (0.0, "compile_error")
    assert "was not declared in this scope" in verdict.evidence["first_failure"]["detail"]
    assert [result.label for result in verdict.tests] == ["compile_error"] * 2
