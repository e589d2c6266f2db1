// The endpoint's form: what is typed, what is wrong with it, and the document that it becomes.
import type { Endpoint } from "./types";

export interface Draft {
  module: string;
  name: string;
  title: string;
  express_arn: string;
  standard_arn: string;
  mode: "sync" | "async";
  view: "job" | "output" | "http";
  methods: string[];
  auth: string[];
  ip_allow: string;
  time_limit: string;
  keep_jobs_days: string;
  keep_payloads_days: string;
  callback_url: string;
  callback_hosts: string;
  log_group: string;
  aliases: string;
  sample: string;
  input_schema: string;
  output_schema: string;
  output_mapping: string;
  rate_requests: string;
  rate_seconds: string;
  concurrent: string;
  /** Everything else of the document, as JSON. */
  rest: string;
}

export type Errors = Partial<Record<keyof Draft, string>>;

const PART_MAX = 128;
const SAMPLE_BYTES = 8192;
const ARN = /^arn:[a-z0-9-]+:states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_.-]{1,80}(:[A-Za-z0-9_.-]+)?$/;
const READ_ONLY = ["endpoint", "module", "name", "enabled", "version", "created_at", "updated_at"];
const OWN: string[] = [
  "limits",
  "input_schema",
  "output_schema",
  "output_mapping",
  "title",
  "express_arn",
  "standard_arn",
  "mode",
  "view",
  "methods",
  "auth",
  "ip_allow",
  "time_limit",
  "keep_jobs_days",
  "keep_payloads_days",
  "callback_url",
  "callback_hosts",
  "log_group",
  "aliases",
  "sample",
];

export const NEW: Draft = {
  module: "",
  name: "",
  title: "",
  express_arn: "",
  standard_arn: "",
  mode: "sync",
  view: "job",
  methods: ["POST"],
  auth: ["token"],
  ip_allow: "",
  time_limit: "",
  keep_jobs_days: "",
  keep_payloads_days: "",
  callback_url: "",
  callback_hosts: "",
  log_group: "",
  aliases: "",
  sample: "{}",
  input_schema: "",
  output_schema: "",
  output_mapping: "",
  rate_requests: "",
  rate_seconds: "60",
  concurrent: "",
  rest: "{}",
};

const lines = (text: string): string[] => text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
const written = (value: unknown): string => (value === null || value === undefined ? "" : JSON.stringify(value, null, 2));
const numbered = (value: number | null): string => (value === null ? "" : String(value));

export function draftOf(endpoint: Endpoint): Draft {
  const rest = Object.fromEntries(
    Object.entries(endpoint).filter(([name]) => !READ_ONLY.includes(name) && !OWN.includes(name)),
  );
  return {
    module: endpoint.module,
    name: endpoint.name,
    title: endpoint.title,
    express_arn: endpoint.express_arn ?? "",
    standard_arn: endpoint.standard_arn ?? "",
    mode: endpoint.mode,
    view: endpoint.view,
    methods: endpoint.methods,
    auth: endpoint.auth,
    ip_allow: endpoint.ip_allow.join("\n"),
    time_limit: numbered(endpoint.time_limit),
    keep_jobs_days: numbered(endpoint.keep_jobs_days),
    keep_payloads_days: numbered(endpoint.keep_payloads_days),
    callback_url: endpoint.callback_url ?? "",
    callback_hosts: endpoint.callback_hosts.join("\n"),
    log_group: endpoint.log_group ?? "",
    aliases: endpoint.aliases.join("\n"),
    sample: endpoint.sample === null ? "" : JSON.stringify(endpoint.sample, null, 2),
    input_schema: written(endpoint.input_schema),
    output_schema: written(endpoint.output_schema),
    output_mapping: typeof endpoint.output_mapping === "string" ? endpoint.output_mapping : "",
    rate_requests: numbered(endpoint.limits?.rate?.requests ?? null),
    rate_seconds: numbered(endpoint.limits?.rate?.seconds ?? 60),
    concurrent: numbered(endpoint.limits?.concurrent ?? null),
    rest: JSON.stringify(rest, null, 2),
  };
}

/** The document of a draft that nothing is wrong with. */
export function documentOf(draft: Draft): Record<string, unknown> {
  const number = (text: string): number | null => (text.trim() ? Number(text) : null);
  return {
    ...(JSON.parse(draft.rest.trim() || "{}") as Record<string, unknown>),
    module: draft.module,
    name: draft.name,
    title: draft.title,
    express_arn: draft.express_arn.trim() || null,
    standard_arn: draft.standard_arn.trim() || null,
    mode: draft.mode,
    view: draft.view,
    methods: draft.methods,
    auth: draft.auth,
    ip_allow: lines(draft.ip_allow),
    time_limit: number(draft.time_limit),
    keep_jobs_days: number(draft.keep_jobs_days),
    keep_payloads_days: number(draft.keep_payloads_days),
    callback_url: draft.callback_url.trim() || null,
    callback_hosts: lines(draft.callback_hosts),
    log_group: draft.log_group.trim() || null,
    aliases: lines(draft.aliases),
    sample: parsed(draft.sample),
    input_schema: parsed(draft.input_schema),
    output_schema: parsed(draft.output_schema),
    output_mapping: draft.output_mapping.trim() || null,
    limits: limitsOf(draft),
  };
}

const parsed = (text: string): unknown => (text.trim() ? (JSON.parse(text) as unknown) : null);

function limitsOf(draft: Draft): Record<string, unknown> | null {
  const limits = {
    ...(draft.rate_requests.trim() ? { rate: { requests: Number(draft.rate_requests), seconds: Number(draft.rate_seconds) } } : {}),
    ...(draft.concurrent.trim() ? { concurrent: Number(draft.concurrent) } : {}),
  };
  return Object.keys(limits).length ? limits : null;
}

function part(text: string): string | undefined {
  if (!text) return "is needed";
  if ([...text].length > PART_MAX) return `has more than ${PART_MAX} characters`;
  if (text !== text.trim()) return "must not begin or end with a space";
  if (text === "." || text === "..") return "must not be a step in a path";
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return "has characters that cannot be seen";
  return undefined;
}

function whole(text: string, least: number, most: number): string | undefined {
  if (!text.trim()) return undefined;
  const value = Number(text);
  return Number.isInteger(value) && value >= least && value <= most ? undefined : `must be a whole number from ${least} to ${most.toLocaleString("en")}`;
}

export function jsonProblem(text: string): string | undefined {
  if (!text.trim()) return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function network(text: string): boolean {
  const [address = "", prefix, more] = text.split("/");
  if (more !== undefined) return false;
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  const bits = prefix === undefined ? 0 : Number(prefix);
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return false;
  if (four) return four.slice(1).every((byte) => Number(byte) <= 255) && bits <= 32;
  return /^[0-9a-fA-F:]+$/.test(address) && address.includes(":") && bits <= 128;
}

/** What is wrong with a draft, field by field; what only the API can tell (consent, taken aliases) comes from there. */
export function check(draft: Draft): Errors {
  const errors: Errors = {};
  const say = (field: keyof Draft, message: string | undefined): void => {
    if (message) errors[field] ??= message;
  };
  say("module", part(draft.module));
  say("name", part(draft.name));
  if (draft.title.length > 256) say("title", "has more than 256 characters");
  for (const field of ["express_arn", "standard_arn"] as const) {
    const arn = draft[field].trim();
    if (arn && !ARN.test(arn)) say(field, "is not the ARN of a state machine");
  }
  if (!draft.express_arn.trim() && !draft.standard_arn.trim()) say("express_arn", "an Express or a Standard state machine is needed");
  if (!draft.methods.length) say("methods", "one of them is needed");
  if (!draft.auth.length) say("auth", "one of them is needed");
  const wrong = lines(draft.ip_allow).find((one) => !network(one));
  if (wrong) say("ip_allow", `${wrong} is not a network; write 192.0.2.0/24 or one address`);
  say("time_limit", whole(draft.time_limit, 1, 31_536_000));
  say("keep_jobs_days", whole(draft.keep_jobs_days, 1, 3650));
  say("keep_payloads_days", whole(draft.keep_payloads_days, 0, 3650));
  if (draft.keep_jobs_days.trim() && Number(draft.keep_payloads_days) > Number(draft.keep_jobs_days))
    say("keep_payloads_days", "is longer than the job itself is kept");
  if (draft.callback_url.trim() && !/^https?:\/\/[^\s/]+/.test(draft.callback_url.trim())) say("callback_url", "must be a URL: https://…");
  const host = lines(draft.callback_hosts).find((one) => !/^(\*\.)?[a-z0-9.-]+(:\d+)?$/.test(one));
  if (host) say("callback_hosts", `${host} is not a host; write hooks.example.com or *.example.com`);
  if (draft.log_group.trim() && !draft.log_group.trim().startsWith("/aws/vendedlogs/states/")) say("log_group", "must begin with /aws/vendedlogs/states/");
  const alias = lines(draft.aliases).find((one) => !/^[a-z0-9]+:.+/.test(one));
  if (alias) say("aliases", `${alias} is not <kind>:<id>`);
  say("sample", jsonProblem(draft.sample));
  if (new TextEncoder().encode(draft.sample).length > SAMPLE_BYTES) say("sample", `has more than ${SAMPLE_BYTES.toLocaleString("en")} bytes`);
  for (const field of ["input_schema", "output_schema"] as const) {
    say(field, jsonProblem(draft[field]));
    if (!errors[field] && draft[field].trim() && !isObject(draft[field])) say(field, "must be a JSON object");
  }
  say("rate_requests", whole(draft.rate_requests, 1, 1_000_000));
  if (draft.rate_requests.trim() && !draft.rate_seconds.trim()) say("rate_seconds", "is needed beside a number of calls");
  say("rate_seconds", whole(draft.rate_seconds, 1, 86_400));
  say("concurrent", whole(draft.concurrent, 1, 1_000_000));
  say("rest", jsonProblem(draft.rest));
  if (!errors.rest && draft.rest.trim() && !isObject(draft.rest)) say("rest", "must be a JSON object");
  return errors;
}

const isObject = (text: string): boolean => {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
};

/** The field that a violation's JSON Pointer is about. */
export function fieldOf(pointer: string): keyof Draft {
  const [member = "", inner = "", last = ""] = pointer.replace(/^\//, "").split("/");
  if (member === "limits") return inner === "concurrent" ? "concurrent" : last === "seconds" ? "rate_seconds" : "rate_requests";
  return member === "module" || member === "name" || OWN.includes(member) ? (member as keyof Draft) : "rest";
}
