"""docs/locks.md says what is so: its Python runs as it stands, its tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from virtloom.lint import CODES, check_paths
from virtloom.locks import Level, Rule

GUIDE = (Path(__file__).parents[3] / "docs" / "locks.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_the_examples_run_from_top_to_bottom() -> None:
    assert len(BLOCKS) == 3
    names: dict[str, object] = {"__name__": "guide"}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"docs/locks.md, example {number + 1}", "exec"), names)


def test_what_the_examples_show_as_right_passes_the_static_checker(tmp_path: Path) -> None:
    path = tmp_path / "guide.py"
    path.write_text("def guide():\n" + "".join(f"    {line}\n" for block in BLOCKS[:2] for line in block.splitlines()))
    assert check_paths([path]) == []


def test_every_rule_level_and_code_is_told() -> None:
    told = set(re.findall(r"`([A-Z_]+)`", GUIDE))
    assert {rule.name for rule in Rule} <= told
    rows = set(re.findall(r"^\| (\d+) \| `Level\.([A-Z]+)` ", GUIDE, re.MULTILINE))
    assert rows == {(str(int(level)), level.name) for level in Level}
    assert dict(re.findall(r"^\| `(VL\d+)` \| (.+) \|$", GUIDE, re.MULTILINE)) == {
        name: code.title for name, code in CODES.items()
    }
