"""The `flowport` command: publish workflows, hand out credentials, call endpoints, watch jobs."""

from typing import Final

VERSION: Final = "0.1.0"
