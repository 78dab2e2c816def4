"""Installed packages are not the interpreter's library: no program reads them, unless they are preloaded."""

from __future__ import annotations

import pytest

from jurybox.judges.code import CodeJudge

READ_ALL = """
import glob, os, sysconfig
for root in (sysconfig.get_path("stdlib"), "/usr/lib", "/usr/local/lib", "/lib"):
    for part in (root, *glob.glob(root + "/python*")):
        for kind in ("site-packages", "dist-packages"):
            for folder, _, files in os.walk(os.path.join(part, kind)):
                for name in files:
                    try:
                        with open(os.path.join(folder, name), "rb") as file:
                            file.read(1)
                    except OSError:
                        continue
                    print(folder, name)
import sqlite3, ctypes, decimal, zoneinfo
print(hash("a"), zoneinfo.ZoneInfo("Europe/Berlin"), __import__("sys").dont_write_bytecode)
"""


@pytest.mark.parametrize(
    "without",
    [[], ["landlock"], ["private_root"], ["namespaces"], ["privileges"]],
    ids=lambda each: " ".join(each) or "all",
)
def test_no_package_can_be_read_and_every_server_is_alike(run, without):
    outputs = set()
    for _ in range(2):
        with CodeJudge(workers=1, without=without) as judge:
            verdict = run(READ_ALL, [{"stdin": "", "stdout": ""}], judge=judge)
            outputs.add(verdict.evidence["first_failure"]["got"])
    assert len(outputs) == 1, outputs
    (output,) = outputs
    assert output.count("\n") == 1, output
    assert output.endswith(" Europe/Berlin True\n")
