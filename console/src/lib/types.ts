// Documents of the API, as far as this page reads them.

export type Status = "ACCEPTED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";
export const OPEN: readonly Status[] = ["ACCEPTED", "RUNNING"];

export interface Limits {
  rate?: { requests: number; seconds: number } | null;
  concurrent?: number | null;
}

export interface Endpoint {
  endpoint: string;
  module: string;
  name: string;
  title: string;
  enabled: boolean;
  express_arn: string | null;
  standard_arn: string | null;
  mode: "sync" | "async";
  view: "job" | "output" | "http";
  methods: string[];
  auth: string[];
  ip_allow: string[];
  log_group: string | null;
  time_limit: number | null;
  keep_jobs_days: number | null;
  keep_payloads_days: number | null;
  callback_url: string | null;
  callback_hosts: string[];
  sample: unknown;
  aliases: string[];
  limits?: Limits | null;
  version: number;
  created_at: string;
  updated_at: string;
  [other: string]: unknown;
}

export interface Machine {
  arn: string;
  name: string;
  type: "EXPRESS" | "STANDARD";
  versions: string[];
  aliases: string[];
}

export interface Job {
  id: string;
  status: Status;
  endpoint: string;
  mode: "sync" | "async";
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  duration_ms: number | null;
  output?: unknown;
  error: string | null;
  cause: string | null;
  client_job_id: string | null;
  labels: Record<string, string>;
  origin: string | null;
  execution_arn: string | null;
  payloads?: string;
  links: Record<string, string>;
}

export interface Step {
  name: string;
  type: string;
  started_at: string;
  finished_at: string | null;
  status: "RUNNING" | "SUCCEEDED" | "FAILED" | "CAUGHT" | "ABORTED";
  attempts: number;
  error: string | null;
  cause: string | null;
}

export interface Steps {
  job: string;
  status: Status;
  steps: Step[] | null;
  reason: string | null;
}

export interface WorkflowState {
  name: string;
  type: string;
  path: string;
  next: { to: string; label: string | null }[];
  end: boolean;
  parent?: string;
  starts?: string[];
}

export interface Workflow {
  machine_arn: string;
  type: "EXPRESS" | "STANDARD";
  exact: boolean;
  start_at: string;
  states: WorkflowState[];
}

export interface Delivery {
  n: number;
  message_id: string;
  url: string;
  status: string;
  next_attempt_at: string | null;
  attempts: { at: string; http_status: number | null; error: string | null; duration_ms: number; resend: number }[];
}

export interface Point {
  endpoint: string;
  at: string;
  calls: number;
  failures: number;
  p50_ms: number | null;
  p95_ms: number | null;
}

export interface Figures {
  from: string;
  to: string;
  period: number;
  source: string;
  complete: boolean;
  series: Point[];
}

export interface Credential {
  id?: string;
  client_id?: string;
  name: string;
  scopes: string[];
  roles?: string[];
  endpoints: string[] | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at?: string | null;
  brought?: boolean;
  limits?: Limits | null;
}
