"""What a plain sync call of an Express endpoint costs, in what can be counted on any machine (docs/operations.md).

Who makes it dearer changes a figure here, and says so. Times are measured by `make bench`.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
# All that a cold start imports of Flowport: none of it is for batches, reads of jobs, redrives, callbacks, parked runs,
# documents, schemas, OpenAPI or another family, whose code their first request imports.
IMPORTED: Final = {
    "": "adapters dialects domain observability settings surface usecases wiring",
    "adapters.": "api_gateway attempts_table aws clock credential_uses deliver_machine directory directory_items items "
    "jmespath_mapping job_numbers jobs_table jwt_tokens lambda_detached limits_table number_items passwords "
    "secrets_manager step_functions",
    "dialects.": "features native paths rate_limit timestamps wire",
    "dialects.native.": "addressed answers http_output runs",
    "domain.": "access addresses dialect_settings errors figures guard ids job jwt keys limits numbers parameters "
    "payload preferences records retention tokens",
    "usecases.": "access count_ends end_job guard_logins limit_calls map_output page_origins ports redrive_chain "
    "run_endpoint stop_job wait",
}


@cache
def _one_call() -> dict[str, Any]:
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'core'}"}
    command = [sys.executable, "-m", "tests.one_call"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["answers"] == [200, 200]
    return told


def test_a_cold_start_imports_what_a_run_needs_and_nothing_else() -> None:
    wanted = {f"flowport.{package}{name}" for package, names in IMPORTED.items() for name in names.split()}
    assert set(_one_call()["ready"]) == wanted


def test_a_plain_call_imports_nothing_more() -> None:
    assert _one_call()["later"] == []


def test_a_call_makes_four_calls_to_aws() -> None:
    operations = ("BatchGetItem", "PutItem", "StartSyncExecution", "UpdateItem")
    counted = _one_call()["counted"]
    assert {name: count for name, count in counted.items() if name[0].isupper() and name.isalpha()} == dict.fromkeys(
        operations, 1
    )


def test_a_call_reads_its_input_once_and_writes_its_answer_in_two_pieces_around_the_output() -> None:
    counted = _one_call()["counted"]
    # The logger reads one more (its message may be JSON); the log line and the job's figures are two more to write.
    assert (counted["JSON texts read"], counted["JSON texts written"]) == (1 + 1, 2 + 2)


def test_a_call_copies_a_record_only_where_the_job_ends() -> None:
    assert _one_call()["counted"]["copies of records"] == 1


def test_a_call_takes_no_more_calls_of_functions_than_it_did() -> None:
    assert _one_call()["counted"]["calls of functions"] <= 315
