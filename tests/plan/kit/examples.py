"""The examples of the README files: fenced HCL that ends in a line such as

    # tftest modules=2 resources=13 inventory=ledger.yaml

Out: `Example`s. Modules are called from the repository's root, `./modules/<name>`. The examples of the root module are
variables instead (`*.tfvars`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plan.kit.terraform import MODULES, ROOT

_FENCE: Final = re.compile(r"^```hcl\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
_DIRECTIVE: Final = re.compile(
    r"^# tftest modules=(?P<modules>\d+) resources=(?P<resources>\d+) inventory=(?P<inventory>[a-z_]+\.yaml)\n\Z",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Example:
    """One example: its code, and what it says of its own plan."""

    readme: Path
    code: str
    modules: int
    resources: int
    inventory: str

    @property
    def name(self) -> str:
        """Unique, and good for an identifier."""
        return self.inventory.removesuffix(".yaml")


def examples_in(readme: Path) -> Iterator[Example]:
    """All examples of a README. Raises ValueError for one without its last line."""
    for match in _FENCE.finditer(readme.read_text()):
        code = match["code"]
        directive = _DIRECTIVE.search(code)
        if directive is None:
            raise ValueError(
                f"{readme}: an hcl block does not end in `# tftest modules=… resources=… inventory=….yaml`"
            )
        yield Example(readme, code, int(directive["modules"]), int(directive["resources"]), directive["inventory"])


def module_examples() -> list[Example]:
    """Of all modules."""
    return [example for readme in sorted(MODULES.glob("*/README.md")) for example in examples_in(readme)]


def root_examples() -> list[Example]:
    """Of the root module."""
    return list(examples_in(ROOT / "README.md"))


def update_directive(example: Example, modules: int, resources: int) -> None:
    """Writes the numbers of a plan into the README."""
    text = example.readme.read_text()
    pattern = rf"# tftest modules=\d+ resources=\d+ inventory={re.escape(example.inventory)}$"
    line = f"# tftest modules={modules} resources={resources} inventory={example.inventory}"
    example.readme.write_text(re.sub(pattern, line, text, flags=re.MULTILINE))
