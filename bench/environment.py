"""The functions' environment, as template.yaml sets it, with AWS at a given address or nowhere."""

import os
import sys

TABLES = {"ENDPOINTS_TABLE": "Endpoints", "CREDENTIALS_TABLE": "Credentials", "JOBS_TABLE": "Jobs"}
REGION = "us-east-1"
ACCOUNT = "000000000000"


def function_environment(python_path: list[str], aws_url: str = "") -> dict[str, str]:
    """Give what a Lambda function finds in its environment; nothing of the developer's own gets in."""
    environment = TABLES | {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(python_path),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # boto3 would put `sync-` before the host of StartSyncExecution, which no loopback address answers.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "RUN_EXPRESS_FUNCTION": "flowport-run-express:live",
        "RESUME_RUN_FUNCTION": "flowport-resume-run:live",
        "STACK": "flowport",
        "STAGE": "bench",
        "DEFAULT_WORKSPACE": "default",
        "CUSTOM_DOMAIN": "",
        "BASE_PATH": "",
        "CORS_ORIGINS": "",
        "JOB_RETENTION_DAYS": "30",
        "AUDIT_RETENTION_DAYS": "400",
        "SECRETS_PREFIX": "flowport/bench/",
        "DELIVER_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:flowport-deliver",
        "CALLBACK_PAUSES": "5",
        "CALLBACK_PRIVATE_NETWORKS": "",
        "FIGURES": "cloudwatch",
        "LOG_LEVEL": "INFO",
        "POWERTOOLS_SERVICE_NAME": "flowport-bench",
        "POWERTOOLS_METRICS_NAMESPACE": "Flowport",
    }
    return environment | ({"AWS_ENDPOINT_URL": aws_url} if aws_url else {})


# Without `site`, so that only what the function would find in Lambda can be imported.
PYTHON = [sys.executable, "-S"]
