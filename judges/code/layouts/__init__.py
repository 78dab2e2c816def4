"""Every layout in which tests come, brought to a `Suite` once, at the edge. These functions only reshape.

    [{"stdin": …, "stdout": … | "any_of": […] | "checker": f}, …]
    [{"args": […], "kwargs": {…}, "expected": … | "any_of": […] | "checker": f}, …]      with an entry
    ["assert f(1) == 2", …]
    {"tests": any of these, "entry": …, "setup": …, "limits": {…}, "compare": {…}}
    {"asserts": […], "setup": …}   {"source": …}
    {"test": …, "entry_point": …, "prompt": …}                    HumanEval(+), LeetCodeDataset, BigCodeBench
    {"test_list": […], "test_setup_code": …}                      MBPP; with "test": MBPP+
    {"base_input": …, "plus_input": …, "canonical_solution": …}   EvalPlus
    {"test": …} or {"test_code": …}, {"files": {…}}               KodCode, exercism: whole files of tests
    {"inputs": […], "outputs": […], "fn_name": …}                 APPS, TACO; in "input_output"
    {"public_tests": …, "private_tests": …, "generated_tests": …} code_contests; {"input": […], "output": […]}
    {"public_test_cases": …, "private_test_cases": …, "metadata": …}, or a list of their cases: LiveCodeBench
    {"test_cases": […]}, {"verification_info": …}                 SYNTHETIC-1 and -2, open-r1; of asserts: AceCode
    {"ground_truth": …}, {"reward_model": {"ground_truth": …}}    DeepCoder, rllm, Eurus
    {"official_tests": […], "generated_checker": …}               Codeforces of open-r1, checkers in Python

A string that holds JSON of one of these, or the text of a Python literal, is one of these; a string of Python is the
source of tests. One small function a layout reads it; the keys choose the layout, unless the caller names one.
"""

from .choosing import NAMES, read_suite

__all__ = ["NAMES", "read_suite"]
