"""A small AWS to crash in: the real adapters, DynamoDB in process, and every call numbered and breakable.

| module | holds |
|---|---|
| `clock` | time, which passes only when somebody sleeps or a call takes it; a process's own clock may be off |
| `wire` | what every process calls AWS through: calls by number, faults, what happens meanwhile |
| `aws` | Step Functions and Lambda by AWS's own rules, a few lines each |
| `deliveries` | the machine that delivers callbacks, and their receiver |
| `dynamodb` | DynamoDB in process |
| `logins` | attempts to log in, with the real guard |
| `stack` | the processes, what callers ask of them and were told, deliveries, the sweep |
| `promises` | what must be true at the end, whatever broke |
| `scenarios` | a scenario played to its end and checked; walks over all of its calls |
"""

from tests.world.dynamodb import DirectDynamoDB
from tests.world.scenarios import Played, Scenario, walk
from tests.world.stack import World
from tests.world.wire import FAULTS, PASSING, Fault, ProcessDied

__all__ = ["FAULTS", "PASSING", "DirectDynamoDB", "Fault", "Played", "ProcessDied", "Scenario", "World", "walk"]
