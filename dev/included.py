"""A template as CloudFormation has it once the files that it includes are in, which it does before anything else.

`python -m dev.included FILE` prints it: for linters, which follow no include, and for whoever deploys without.
"""

import re
import sys
from pathlib import Path
from typing import Final

_INCLUDE: Final = re.compile(
    r"^(?P<indent> *)Fn::Transform: \{Name: AWS::Include, Parameters: \{Location: (?P<location>[^\s}]+)\}\}$",
    re.MULTILINE,
)


def included(template: Path) -> str:
    """Give the template's text with each include replaced by its file, whose lines keep their order and comments.

    Raises ValueError for an include that is written in another way: it would stay out unnoticed.
    """
    text = template.read_text()
    whole = _INCLUDE.sub(lambda found: _file(template.parent / found["location"], found["indent"]), text)
    if "AWS::Include" in re.sub(r"#.*", "", whole):
        raise ValueError(f"{template} has an AWS::Include that is not `Fn::Transform: {{Name: …}}` on one line")
    return whole


def _file(path: Path, indent: str) -> str:
    return "\n".join(indent + line if line else "" for line in path.read_text().splitlines())


if __name__ == "__main__":
    print(included(Path(sys.argv[1])), end="")
