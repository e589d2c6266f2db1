"""The composition root: the only place that picks real things. Clients are made once, in the init phase.

What is imported here on top, the cold start of every call that runs an endpoint pays for; everything else is imported
by the function, or the first request, that needs it.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from flowport import observability
from flowport.adapters import aws
from flowport.adapters.attempts_table import DynamoAttemptStore
from flowport.adapters.clock import SystemClock
from flowport.adapters.credential_uses import DynamoCredentialUses, in_background
from flowport.adapters.deliver_machine import DeliverMachine
from flowport.adapters.directory import DynamoDirectory, Tables
from flowport.adapters.jmespath_mapping import JmesPathMapping
from flowport.adapters.job_numbers import DynamoJobNumbers
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.adapters.jwt_tokens import SignedTokens
from flowport.adapters.lambda_detached import LambdaDetached, LambdaSender
from flowport.adapters.limits_table import DynamoLimitStore
from flowport.adapters.passwords import Argon2Passwords
from flowport.adapters.secrets_manager import SecretsManager
from flowport.adapters.step_functions import StepFunctions
from flowport.settings import Settings
from flowport.surface import PublicSurface, UseCase
from flowport.usecases.access import Access
from flowport.usecases.count_ends import telling_of_ends
from flowport.usecases.end_job import handing_over
from flowport.usecases.guard_logins import GuardLogins
from flowport.usecases.limit_calls import LimitCalls
from flowport.usecases.page_origins import PageOrigins
from flowport.usecases.run_endpoint import Run, RunEndpoint
from flowport.usecases.stop_job import ChangeJobs, StopJob

if TYPE_CHECKING:
    from flowport.adapters.callbacks_table import DynamoCallbackStore
    from flowport.adapters.delivery_log import DynamoDeliveryLog
    from flowport.admin.api import AdminFunction
    from flowport.usecases.deliver_callback import DeliverCallback
    from flowport.usecases.parked.park_run import ParkRun
    from flowport.usecases.parked.send_answer import SendAnswer
    from flowport.usecases.ports import PublishedEndpoints
    from flowport.usecases.record_completion import RecordCompletion
    from flowport.usecases.run_detached import RunDetached
    from flowport.usecases.sweep_jobs import SweepJobs

# Below the stack's prefix in Secrets Manager: one secret a workspace, which signs callbacks.
WEBHOOKS = "webhooks/"
# Longer than the five minutes of a synchronous Express execution: the answer is awaited to the end.
SYNC_READ_TIMEOUT = 305.0
# Below the stack's prefix in Secrets Manager: the keys that sign tokens, by workspace and alias.
SIGNING_KEYS = "keys/"


class Clients:
    """AWS clients of one process, each made at most once."""

    def __init__(self) -> None:
        """Share one botocore session."""
        session = aws.session()
        self._make = session.create_client
        self.dynamodb = cache(lambda: self._make("dynamodb", config=aws.fast_config()))
        self.sync_executions = cache(lambda: self._make("stepfunctions", config=aws.patient_config(SYNC_READ_TIMEOUT)))
        self.executions = cache(lambda: self._make("stepfunctions", config=aws.patient_config(2.0)))
        self.functions = cache(lambda: self._make("lambda", config=aws.patient_config(2.0)))
        self.logs = cache(lambda: self._make("logs", config=aws.patient_config(4.0)))
        self.metrics = cache(lambda: self._make("cloudwatch", config=aws.patient_config(5.0)))
        self.tagging = cache(lambda: self._make("resourcegroupstaggingapi", config=aws.patient_config(3.0)))
        self.secrets = cache(lambda: self._make("secretsmanager", config=aws.patient_config(2.0)))


class Parts:
    """The adapters of one process."""

    def __init__(self, settings: Settings, clients: Clients) -> None:
        """Put them together."""
        self.settings = settings
        self.clients = clients
        self.clock = SystemClock()
        self.dynamodb = dynamodb = clients.dynamodb()
        self.tables = Tables(settings.endpoints_table, settings.credentials_table, settings.jobs_table)
        self.deliveries = DeliverMachine(clients.executions, settings.deliver_machine_arn, self.clock)
        rows = DynamoJobStore(dynamodb, settings.jobs_table, self.clock)
        self.limits = LimitCalls(DynamoLimitStore(dynamodb, settings.jobs_table, self.clock), rows, self.clock)
        self.jobs = handing_over(rows, self.deliveries, self.clock, self.limits)
        if settings.publishes_figures:
            self.jobs = telling_of_ends(self.jobs, partial(observability.job_ended, settings.stack))
        self.directory = DynamoDirectory(dynamodb, self.tables, self.clock)
        self.executions = StepFunctions(clients.sync_executions, clients.executions, self.clock)
        self.detached = LambdaDetached(clients.functions, settings.run_express_function, self.clock)
        self.sender = LambdaSender(clients.functions, settings.resume_run_function, self.clock)
        self.passwords = Argon2Passwords()
        self.numbers = DynamoJobNumbers(dynamodb, settings.jobs_table, self.clock)
        self.signing_keys = SecretsManager(clients.secrets, settings.secrets_prefix + SIGNING_KEYS, self.clock)
        self.jwt_keys = SignedTokens(self.signing_keys, self.clock)
        uses = DynamoCredentialUses(dynamodb, settings.credentials_table, in_background)
        self.attempts = DynamoAttemptStore(dynamodb, settings.jobs_table, self.clock)
        guard = GuardLogins(self.attempts, self.passwords, self.clock)
        self.access = Access(self.directory, self.passwords, self.clock, self.jwt_keys, self.numbers, uses, guard)
        self.stop = StopJob(self.jobs, self.executions, self.clock)
        self.published = cache(lambda: _published(dynamodb, self.tables.endpoints, self.clock))

    def callbacks(self) -> "DynamoCallbackStore":
        """Give the store of parked runs."""
        from flowport.adapters.callbacks_table import DynamoCallbackStore  # noqa: PLC0415

        return DynamoCallbackStore(self.dynamodb, self.tables.jobs, self.clock)

    def delivery_log(self) -> "DynamoDeliveryLog":
        """Give the log of callbacks to callers."""
        from flowport.adapters.delivery_log import DynamoDeliveryLog  # noqa: PLC0415

        return DynamoDeliveryLog(self.dynamodb, self.tables.jobs, self.clock)


def _published(client: aws.AnyClient, table: str, clock: SystemClock) -> "PublishedEndpoints":
    from flowport.adapters.registry_endpoints import DynamoEndpointRegistry  # noqa: PLC0415  # for one route

    return DynamoEndpointRegistry(client, table, clock)


class UseCases(dict[type, UseCase]):
    """The use cases by their commands' types; those of `later` are imported by the first request for one."""

    def __init__(self, first: dict[type, UseCase], *later: Callable[[], dict[type, UseCase]]) -> None:
        """Begin with the first."""
        super().__init__(first)
        self._later = list(later)

    def __missing__(self, command: type) -> UseCase:
        """Add those that come next, until the command's is there."""
        while self._later:
            self.update(self._later.pop(0)())
            if command in self:
                return self[command]
        raise KeyError(command)


def document_usecases(parts: Parts, run: RunEndpoint, changes: ChangeJobs) -> dict[type, UseCase]:
    """Put together what jobs with documents need."""
    from flowport.adapters.documents_table import DynamoDocumentStore  # noqa: PLC0415
    from flowport.usecases.documents import change, read, sync  # noqa: PLC0415

    store = DynamoDocumentStore(parts.dynamodb, parts.tables.jobs, parts.clock)
    writer = sync.Writer(parts.jobs, store, parts.callbacks(), parts.sender, parts.stop, parts.clock)
    reader = read.DocumentReader(parts.access, parts.directory, parts.jobs, store, parts.clock)
    edits = change.DocumentChanges(parts.access, writer, changes, parts.clock)
    return {
        sync.Sync: sync.SyncDocument(parts.access, run, writer, parts.clock),
        read.ReadDocument: reader.read,
        read.ReadHistory: reader.history,
        read.ListDocuments: reader.page,
        change.ChangeDocument: edits.change,
        change.ChangeOpen: edits.open,
        change.DeleteDocument: edits.delete,
    }


def other_usecases(parts: Parts, run: RunEndpoint, changes: ChangeJobs) -> dict[type, UseCase]:
    """Put together what calls need that do not simply run an endpoint."""
    from flowport.adapters.definitions import StepFunctionsDefinitions  # noqa: PLC0415
    from flowport.adapters.execution_logs import CloudWatchExecutionLogs  # noqa: PLC0415
    from flowport.adapters.json_schemas import JsonSchemas  # noqa: PLC0415
    from flowport.adapters.kept_steps import DynamoKeptSteps  # noqa: PLC0415
    from flowport.usecases import (  # noqa: PLC0415
        check_input,
        deliveries,
        issue_token,
        list_numbered,
        read_jobs,
        read_openapi,
        read_task_output,
        read_whole_job,
        read_workflow,
        redrive_job,
        run_batch,
        stop_job,
    )
    from flowport.usecases.parked import resume_run  # noqa: PLC0415

    reader = read_jobs.JobReader(
        parts.access,
        parts.directory,
        parts.jobs,
        parts.executions,
        CloudWatchExecutionLogs(parts.clients.logs, parts.clock),
        parts.clock,
        parts.settings.retention_ms,
        parts.stop,
        DynamoKeptSteps(parts.dynamodb, parts.tables.jobs, parts.clock),
    )
    batch = run_batch.RunEndpointBatch(run, parts.jobs, parts.clock)
    definitions = StepFunctionsDefinitions(parts.clients.executions, parts.clock)
    workflows = read_workflow.WorkflowReader(parts.access, definitions)
    told = deliveries.JobDeliveries(parts.access, parts.delivery_log(), parts.deliveries, parts.clock)
    resume = resume_run.ResumeRun(parts.access, parts.callbacks(), parts.sender, parts.clock)
    numbered = list_numbered.ListNumberedJobs(parts.access, parts.directory, parts.numbers, parts.jobs, parts.clock)
    return {
        run_batch.RunBatch: batch,
        run_batch.RunOrBatch: batch.divided,
        check_input.ValidateInput: check_input.CheckInput(parts.access, JsonSchemas()),
        read_jobs.ReadJob: reader.read,
        read_whole_job.ReadWhole: read_whole_job.WholeJobReader(reader, parts.jobs, parts.directory),
        read_jobs.ReadInput: reader.read_input,
        read_jobs.ReadOutput: reader.read_output,
        read_jobs.ReadSteps: reader.read_steps,
        read_task_output.ReadTaskOutput: read_task_output.TaskOutputReader(parts.access, reader),
        read_jobs.ListJobs: reader.list,
        list_numbered.ListNumbered: numbered,
        read_openapi.ReadOpenApi: read_openapi.OpenApiReader(parts.access, parts.published),
        read_workflow.ReadEndpointWorkflow: workflows.of_endpoint,
        read_workflow.ReadJobWorkflow: workflows.of_job,
        deliveries.ReadDeliveries: told.read,
        deliveries.Resend: told.resend,
        stop_job.Cancel: changes.cancel,
        stop_job.Delete: changes.delete,
        redrive_job.Redrive: redrive_job.RedriveJob(parts.access, parts.jobs, parts.executions, parts.clock, run),
        resume_run.Resume: resume.by_id,
        resume_run.ResumeByName: resume.by_name,
        issue_token.IssueToken: issue_token.IssueTokens(parts.access, parts.jwt_keys, parts.clock),
    }


class LazySchemas:
    """Input schemas, whose code is imported by the first input that has one."""

    def fit(self, endpoint: str, schema: str, text: str) -> str:
        """See `InputSchemas`."""
        from flowport.adapters.json_schemas import JsonSchemas  # noqa: PLC0415

        return JsonSchemas().fit(endpoint, schema, text)


def public_surface(settings: Settings, parts: Parts) -> PublicSurface:
    """Put the public surface together."""
    run = RunEndpoint(
        parts.access,
        parts.jobs,
        parts.executions,
        parts.detached,
        parts.clock,
        settings.retention_ms,
        parts.stop,
        parts.limits,
        parts.numbers,
        plain_callbacks=bool(settings.callback_private_networks),
        schemas=LazySchemas(),
    )
    changes = ChangeJobs(parts.access, parts.jobs, parts.stop)
    return PublicSurface(
        usecases=UseCases(
            {Run: run},
            lambda: other_usecases(parts, run, changes),
            lambda: document_usecases(parts, run, changes),
        ),
        clock=parts.clock,
        default_workspace=settings.default_workspace,
        custom_domain=settings.custom_domain,
        base_path=settings.base_path,
        cors_origins=settings.cors_origins,
        page_origins=PageOrigins(parts.directory),
        mapping=JmesPathMapping(),
    )


def gateway() -> PublicSurface:
    """Make the gateway function's parts, its two hot clients first."""
    settings, clients = Settings.from_environment(hands_over=True), Clients()
    clients.sync_executions()
    return public_surface(settings, Parts(settings, clients))


def run_detached() -> "RunDetached":
    """Make the parts of the function for detached Express runs."""
    from flowport.usecases.run_detached import RunDetached  # noqa: PLC0415

    clients = Clients()
    clients.sync_executions()
    parts = Parts(Settings.from_environment(), clients)
    return RunDetached(parts.jobs, parts.executions, parts.clock, parts.stop)


def record_completion() -> "RecordCompletion":
    """Make the parts of the recorder."""
    from flowport.usecases.record_completion import RecordCompletion  # noqa: PLC0415

    parts = Parts(Settings.from_environment(), Clients())
    return RecordCompletion(parts.jobs, parts.executions)


def sweep_jobs() -> "SweepJobs":
    """Make the parts of the sweep."""
    from flowport.usecases.parked.sweep_callbacks import SweepCallbacks  # noqa: PLC0415
    from flowport.usecases.sweep_jobs import SweepJobs  # noqa: PLC0415

    parts = Parts(Settings.from_environment(hands_over=True), Clients())
    callbacks = SweepCallbacks(parts.callbacks(), parts.sender, parts.clock)
    return SweepJobs(parts.jobs, parts.executions, parts.detached, parts.clock, parts.stop, callbacks)


def park_run() -> "ParkRun":
    """Make the parts of the function on which workflows park."""
    from flowport.usecases.parked.park_run import ParkRun  # noqa: PLC0415

    parts = Parts(Settings.from_environment(hands_over=True), Clients())
    return ParkRun(parts.callbacks(), parts.sender, parts.clock)


def resume_run() -> "SendAnswer":
    """Make the parts of the function that tells Step Functions of answers."""
    from flowport.adapters.task_tokens import StepFunctionsTaskTokens  # noqa: PLC0415
    from flowport.usecases.parked.send_answer import SendAnswer  # noqa: PLC0415

    clients = Clients()
    parts = Parts(Settings.from_environment(), clients)
    return SendAnswer(parts.callbacks(), StepFunctionsTaskTokens(clients.executions, parts.clock))


def deliver_callback() -> "DeliverCallback":
    """Make the parts of the function that makes one attempt to deliver a callback; it alone imports an HTTP client."""
    from flowport.adapters.outbound_http import OutboundHttp  # noqa: PLC0415
    from flowport.dialects.native.answers import job_document  # noqa: PLC0415
    from flowport.usecases.deliver_callback import DeliverCallback  # noqa: PLC0415
    from flowport.usecases.map_output import callback_document  # noqa: PLC0415

    settings, clients = Settings.from_environment(), Clients()
    parts = Parts(settings, clients)
    private = settings.callback_private_networks
    return DeliverCallback(
        parts.jobs,
        parts.delivery_log(),
        SecretsManager(clients.secrets, settings.secrets_prefix + WEBHOOKS, parts.clock),
        OutboundHttp(parts.clock, private=private),
        parts.clock,
        settings.callback_pauses,
        callback_document(JmesPathMapping(), job_document),
        plain=bool(private),
    )


def admin() -> "AdminFunction":
    """Make the parts of the admin function; only it pays for importing them."""
    from flowport.adapters.audit_log import DynamoAuditLog  # noqa: PLC0415
    from flowport.adapters.cloudwatch_figures import CloudWatchFigures  # noqa: PLC0415
    from flowport.adapters.json_schemas import JsonSchemas  # noqa: PLC0415
    from flowport.adapters.machine_list import TaggedMachines  # noqa: PLC0415
    from flowport.adapters.registry_credentials import DynamoCredentialRegistry  # noqa: PLC0415
    from flowport.adapters.registry_endpoints import DynamoEndpointRegistry  # noqa: PLC0415
    from flowport.adapters.registry_workspaces import DynamoWorkspaceRegistry  # noqa: PLC0415
    from flowport.adapters.state_machines import StepFunctionsMachines  # noqa: PLC0415
    from flowport.admin.api import AdminFunction, Site, lost_outcome  # noqa: PLC0415
    from flowport.admin.calls import UseCases  # noqa: PLC0415
    from flowport.admin.documents import record_document  # noqa: PLC0415
    from flowport.domain.webhooks import new_secret  # noqa: PLC0415
    from flowport.usecases.admin.audit import Audit, ReadAudit  # noqa: PLC0415
    from flowport.usecases.admin.bootstrap import Bootstrap  # noqa: PLC0415
    from flowport.usecases.admin.clients import ManageClients  # noqa: PLC0415
    from flowport.usecases.admin.contracts import Contracts  # noqa: PLC0415
    from flowport.usecases.admin.credential_settings import CredentialSettings  # noqa: PLC0415
    from flowport.usecases.admin.credentials import ManageCredentials  # noqa: PLC0415
    from flowport.usecases.admin.endpoints import ManageEndpoints  # noqa: PLC0415
    from flowport.usecases.admin.figures import FiguresOfRows, ReadFigures  # noqa: PLC0415
    from flowport.usecases.admin.keys import ManageKeys  # noqa: PLC0415
    from flowport.usecases.admin.machines import ListMachines  # noqa: PLC0415
    from flowport.usecases.admin.unlock import UnlockUsers  # noqa: PLC0415
    from flowport.usecases.admin.webhook_secrets import CallbackRules, ManageWebhookSecrets  # noqa: PLC0415
    from flowport.usecases.admin.workspaces import ManageWorkspaces  # noqa: PLC0415

    settings, clients = Settings.from_environment(), Clients()
    parts = Parts(settings, clients)
    dynamodb, clock, tables = clients.dynamodb(), parts.clock, parts.tables
    log = DynamoAuditLog(dynamodb, tables.endpoints, clock)
    audit = Audit(log, clock, record_document, settings.audit_retention_ms, lost_outcome)
    registry = DynamoEndpointRegistry(dynamodb, tables.endpoints, clock)
    secrets = SecretsManager(clients.secrets, settings.secrets_prefix + WEBHOOKS, clock)
    rules = CallbackRules(secrets, plain=bool(settings.callback_private_networks))
    contracts, of_ours = Contracts(JsonSchemas(), JmesPathMapping()), StepFunctionsMachines(clients.executions, clock)
    endpoints = ManageEndpoints(registry, of_ours, clock, audit, rules, contracts)
    credential_registry = DynamoCredentialRegistry(dynamodb, tables.credentials, tables.endpoints, clock)
    credentials = ManageCredentials(credential_registry, registry, parts.passwords, clock, audit)
    site = Site(settings.default_workspace, settings.custom_domain, settings.base_path, settings.cors_origins)
    keys, webhook_secrets = ManageKeys(parts.signing_keys, audit), ManageWebhookSecrets(secrets, new_secret, audit)
    workspace_registry = DynamoWorkspaceRegistry(dynamodb, tables, clock)
    workspaces = ManageWorkspaces(workspace_registry, clock, settings.retention_ms, audit, (keys, webhook_secrets))
    clients_of = ManageClients(credentials, keys, parts.jwt_keys, clock)
    machines = ListMachines(TaggedMachines(clients.executions, clients.tagging, clock))
    published = CloudWatchFigures(clients.metrics, settings.stack, clock)
    figures = ReadFigures(published if settings.publishes_figures else FiguresOfRows(parts.jobs, clock), registry)
    trail = ReadAudit(log, workspace_registry, clock, settings.audit_retention_ms)
    unlock = UnlockUsers(credential_registry, parts.attempts, clock, audit)
    credential_settings = CredentialSettings(credential_registry, registry, clock, audit)
    use = UseCases(
        endpoints,
        credentials,
        clients_of,
        keys,
        workspaces,
        clock,
        webhook_secrets,
        machines,
        figures,
        trail,
        unlock,
        credential_settings,
    )
    return AdminFunction(parts.access, use, Bootstrap(workspaces, credentials), clock, site)
