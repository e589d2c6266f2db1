"""Builds what `check.py` deploys, as `make up` does: afterwards nothing more is fetched from the network."""

from dev import deploy, up
from dev.home import ROOT, Home, engine_environment

HOME = Home(ROOT / ".flowport-sam-local", None)


def main() -> None:
    """Build both stacks, unless they are built already."""
    HOME.path.mkdir(exist_ok=True)
    with up._alone():
        for stack in deploy.STACKS:
            deploy._build(HOME.sam_log(stack.name), stack, engine_environment("http://127.0.0.1:9"))


if __name__ == "__main__":
    main()
