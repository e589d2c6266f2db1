// The endpoint's form: what is typed, what is wrong with it, and the document that it becomes.
import type { Problem } from "./api";
import type { Endpoint } from "./types";

export interface ParameterRow {
  name: string;
  task: string;
  type: string;
  required: boolean;
  /** JSON; empty: none. */
  default: string;
}

export interface ArgumentRow {
  name: string;
  optional: boolean;
}

export interface Draft {
  module: string;
  name: string;
  title: string;
  express_arn: string;
  standard_arn: string;
  mode: "sync" | "async";
  view: "job" | "output" | "http";
  http_headers: string;
  methods: string[];
  auth: string[];
  ip_allow: string;
  cors: string;
  time_limit: string;
  keep_jobs_days: string;
  keep_payloads_days: string;
  callback_url: string;
  callback_hosts: string;
  log_group: string;
  sample: string;
  input_schema: string;
  output_schema: string;
  output_mapping: string;
  rate_requests: string;
  rate_seconds: string;
  concurrent: string;
  parameters: ParameterRow[];
  iolinker: boolean;
  iolinker_empty: boolean;
  alias_v10: string;
  phixflow: boolean;
  phixflow_output_name: string;
  phixflow_success: string;
  phixflow_fail: string;
  phixflow_timeout: string;
  phixflow_per_record: boolean;
  phixflow_abandon: boolean;
  alias_workfloplus: string;
  alias_theeye: string;
  theeye: boolean;
  theeye_declared: boolean;
  theeye_arguments: ArgumentRow[];
  alias_nebulagraph: string;
  /** Everything else of the document, as JSON. */
  rest: string;
}

/** What is wrong, by field; in a list of rows by `field/index/member`. */
export type Errors = Record<string, string | undefined>;

const PART_MAX = 128;
const SAMPLE_BYTES = 8192;
const ARN = /^arn:[a-z0-9-]+:states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_.-]{1,80}(:[A-Za-z0-9_.-]+)?$/;
const ORIGIN = /^(\*|https?:\/\/([a-z0-9.-]{1,253}|\[[0-9a-f:]+\])(:(?!(80|443)$)[1-9]\d{0,4})?)$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
const READ_ONLY = ["endpoint", "module", "name", "enabled", "version", "created_at", "updated_at"];
const NEBULAGRAPH_MOST = 2 ** 53 - 1;
export const TYPES = ["string", "number", "integer", "boolean", "object", "array"] as const;
export const ALIASES = { v10: "alias_v10", workfloplus: "alias_workfloplus", theeye: "alias_theeye", nebulagraph: "alias_nebulagraph" } as const;
const ALIAS_FIELDS = Object.entries(ALIASES) as [string, (typeof ALIASES)[keyof typeof ALIASES]][];

export const NEW: Draft = {
  module: "",
  name: "",
  title: "",
  express_arn: "",
  standard_arn: "",
  mode: "sync",
  view: "job",
  http_headers: "",
  methods: ["POST"],
  auth: ["token"],
  ip_allow: "",
  cors: "",
  time_limit: "",
  keep_jobs_days: "",
  keep_payloads_days: "",
  callback_url: "",
  callback_hosts: "",
  log_group: "",
  sample: "{}",
  input_schema: "",
  output_schema: "",
  output_mapping: "",
  rate_requests: "",
  rate_seconds: "60",
  concurrent: "",
  parameters: [],
  iolinker: false,
  iolinker_empty: false,
  alias_v10: "",
  phixflow: false,
  phixflow_output_name: "output",
  phixflow_success: "",
  phixflow_fail: "",
  phixflow_timeout: "",
  phixflow_per_record: false,
  phixflow_abandon: false,
  alias_workfloplus: "",
  alias_theeye: "",
  theeye: false,
  theeye_declared: false,
  theeye_arguments: [],
  alias_nebulagraph: "",
  rest: "{}",
};

type Json = Record<string, unknown>;

/** The document's members that have fields of another name, or several. */
const ELSEWHERE = ["limits", "aliases", "dialects"];
/** Of each family's settings, the members that have fields. */
const SETTINGS: Record<string, readonly string[]> = {
  iolinker: ["empty_output_is_none"],
  phixflow: ["output_name", "success_message", "fail_message", "timeout_ms", "per_record", "abandon_at_timeout"],
  theeye: ["arguments"],
};

const lines = (text: string): string[] => text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
/** An alias may hold a comma. */
const wholeLines = (text: string): string[] => text.split("\n").map((line) => line.trim()).filter(Boolean);
const written = (value: unknown): string => (value === null || value === undefined ? "" : JSON.stringify(value, null, 2));
const numbered = (value: number | null | undefined): string => (value === null || value === undefined ? "" : String(value));
const object = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function draftOf(endpoint: Endpoint): Draft {
  const dialects = object(endpoint.dialects);
  const phixflow = object(dialects.phixflow);
  const named = object(dialects.theeye).arguments;
  const aliases = (kind: string): string =>
    endpoint.aliases
      .filter((one) => one.startsWith(`${kind}:`))
      .map((one) => one.slice(kind.length + 1))
      .join("\n");
  return {
    module: endpoint.module,
    name: endpoint.name,
    title: endpoint.title,
    express_arn: endpoint.express_arn ?? "",
    standard_arn: endpoint.standard_arn ?? "",
    mode: endpoint.mode,
    view: endpoint.view,
    http_headers: texts(endpoint.http_headers).join("\n"),
    methods: endpoint.methods,
    auth: endpoint.auth,
    ip_allow: endpoint.ip_allow.join("\n"),
    cors: texts(endpoint.cors).join("\n"),
    time_limit: numbered(endpoint.time_limit),
    keep_jobs_days: numbered(endpoint.keep_jobs_days),
    keep_payloads_days: numbered(endpoint.keep_payloads_days),
    callback_url: endpoint.callback_url ?? "",
    callback_hosts: endpoint.callback_hosts.join("\n"),
    log_group: endpoint.log_group ?? "",
    sample: endpoint.sample === null ? "" : JSON.stringify(endpoint.sample, null, 2),
    input_schema: written(endpoint.input_schema),
    output_schema: written(endpoint.output_schema),
    output_mapping: text(endpoint.output_mapping),
    rate_requests: numbered(endpoint.limits?.rate?.requests),
    rate_seconds: numbered(endpoint.limits?.rate?.seconds ?? 60),
    concurrent: numbered(endpoint.limits?.concurrent),
    parameters: (Array.isArray(endpoint.parameters) ? endpoint.parameters : []).map(rowOf),
    iolinker: "iolinker" in dialects,
    iolinker_empty: object(dialects.iolinker).empty_output_is_none === true,
    alias_v10: aliases("v10"),
    phixflow: "phixflow" in dialects,
    phixflow_output_name: text(phixflow.output_name) || "output",
    phixflow_success: text(phixflow.success_message),
    phixflow_fail: text(phixflow.fail_message),
    phixflow_timeout: numbered(phixflow.timeout_ms as number | null),
    phixflow_per_record: phixflow.per_record === true,
    phixflow_abandon: phixflow.abandon_at_timeout === true,
    alias_workfloplus: aliases("workfloplus"),
    alias_theeye: aliases("theeye"),
    theeye: "theeye" in dialects,
    theeye_declared: Array.isArray(named),
    theeye_arguments: (Array.isArray(named) ? named : []).map((one) => ({ name: text(object(one).name), optional: object(one).optional === true })),
    alias_nebulagraph: aliases("nebulagraph"),
    rest: JSON.stringify(restOf(endpoint, dialects), null, 2),
  };
}

function rowOf(value: unknown): ParameterRow {
  const one = object(value);
  return {
    name: text(one.name),
    task: text(one.task),
    type: text(one.type),
    required: one.required === true,
    default: "default" in one ? JSON.stringify(one.default) : "",
  };
}

/** What the form has no field for, of the document and of what it says to each family. */
function restOf(endpoint: Endpoint, dialects: Json): Json {
  const known = [...READ_ONLY, ...ELSEWHERE, ...Object.keys(NEW)];
  const rest: Json = Object.fromEntries(Object.entries(endpoint).filter(([name]) => !known.includes(name)));
  const foreign = Object.entries(dialects)
    .map(([name, said]) => [name, Object.fromEntries(Object.entries(object(said)).filter(([member]) => !SETTINGS[name]?.includes(member)))] as const)
    .filter(([name, said]) => !(name in SETTINGS) || Object.keys(said).length > 0);
  return foreign.length ? { ...rest, dialects: Object.fromEntries(foreign) } : rest;
}

/** The document of a draft that nothing is wrong with. */
export function documentOf(draft: Draft): Json {
  const number = (value: string): number | null => (value.trim() ? Number(value) : null);
  const rest = JSON.parse(draft.rest.trim() || "{}") as Json;
  return {
    ...rest,
    module: draft.module,
    name: draft.name,
    title: draft.title,
    express_arn: draft.express_arn.trim() || null,
    standard_arn: draft.standard_arn.trim() || null,
    mode: draft.mode,
    view: draft.view,
    http_headers: lines(draft.http_headers),
    methods: draft.methods,
    auth: draft.auth,
    ip_allow: lines(draft.ip_allow),
    cors: lines(draft.cors),
    time_limit: number(draft.time_limit),
    keep_jobs_days: number(draft.keep_jobs_days),
    keep_payloads_days: number(draft.keep_payloads_days),
    callback_url: draft.callback_url.trim() || null,
    callback_hosts: lines(draft.callback_hosts),
    log_group: draft.log_group.trim() || null,
    aliases: ALIAS_FIELDS.flatMap(([kind, field]) => wholeLines(draft[field]).map((id) => `${kind}:${id}`)),
    sample: parsed(draft.sample),
    input_schema: parsed(draft.input_schema),
    output_schema: parsed(draft.output_schema),
    output_mapping: draft.output_mapping.trim() || null,
    parameters: draft.parameters.map((row) => ({
      name: row.name,
      ...(row.task ? { task: row.task } : {}),
      ...(row.type ? { type: row.type } : {}),
      ...(row.required ? { required: true } : {}),
      ...(row.default.trim() ? { default: parsed(row.default) } : {}),
    })),
    limits: limitsOf(draft),
    dialects: dialectsOf(draft, object(rest.dialects)),
  };
}

function dialectsOf(draft: Draft, foreign: Json): Json {
  const told: Json = { ...foreign };
  if (draft.iolinker || draft.iolinker_empty) told.iolinker = { ...object(foreign.iolinker), empty_output_is_none: draft.iolinker_empty };
  if (draft.phixflow)
    told.phixflow = {
      ...object(foreign.phixflow),
      output_name: draft.phixflow_output_name || "output",
      success_message: draft.phixflow_success || null,
      fail_message: draft.phixflow_fail || null,
      timeout_ms: draft.phixflow_timeout.trim() ? Number(draft.phixflow_timeout) : null,
      per_record: draft.phixflow_per_record,
      abandon_at_timeout: draft.phixflow_abandon,
    };
  if (draft.theeye || draft.theeye_declared)
    told.theeye = { ...object(foreign.theeye), arguments: draft.theeye_declared ? draft.theeye_arguments : null };
  return told;
}

const parsed = (value: string): unknown => (value.trim() ? (JSON.parse(value) as unknown) : null);

function limitsOf(draft: Draft): Json | null {
  const limits = {
    ...(draft.rate_requests.trim() ? { rate: { requests: Number(draft.rate_requests), seconds: Number(draft.rate_seconds) } } : {}),
    ...(draft.concurrent.trim() ? { concurrent: Number(draft.concurrent) } : {}),
  };
  return Object.keys(limits).length ? limits : null;
}

function part(value: string): string | undefined {
  if (!value) return "is needed";
  if ([...value].length > PART_MAX) return `has more than ${PART_MAX} characters`;
  if (value !== value.trim()) return "must not begin or end with a space";
  if (value === "." || value === "..") return "must not be a step in a path";
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) return "has characters that cannot be seen";
  return undefined;
}

export function whole(value: string, least: number, most: number): string | undefined {
  if (!value.trim()) return undefined;
  const found = Number(value);
  return Number.isInteger(found) && found >= least && found <= most ? undefined : `must be a whole number from ${least} to ${most.toLocaleString("en")}`;
}

export function jsonProblem(value: string): string | undefined {
  if (!value.trim()) return undefined;
  try {
    JSON.parse(value);
    return undefined;
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function network(value: string): boolean {
  const [address = "", prefix, more] = value.split("/");
  if (more !== undefined) return false;
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  const bits = prefix === undefined ? 0 : Number(prefix);
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return false;
  if (four) return four.slice(1).every((byte) => Number(byte) <= 255) && bits <= 32;
  return /^[0-9a-fA-F:]+$/.test(address) && address.includes(":") && bits <= 128;
}

/** What is wrong with limits, wherever they are typed: the API's own bounds. */
export function checkLimits(limits: { requests: string; seconds: string; concurrent: string }): { requests?: string; seconds?: string; concurrent?: string } {
  const found: Record<string, string | undefined> = {
    requests: whole(limits.requests, 1, 1_000_000),
    seconds: whole(limits.seconds, 1, 86_400),
    concurrent: whole(limits.concurrent, 1, 1_000),
  };
  if (limits.requests.trim() && !limits.seconds.trim()) found.seconds = "is needed beside a number of calls";
  if (limits.requests.trim() && !found.requests && !found.seconds && Number(limits.requests) > Number(limits.seconds) * 500)
    found.requests = "is more than 500 a second, which is as many as can be counted";
  return Object.fromEntries(Object.entries(found).filter(([, message]) => message));
}

/** What is wrong with a draft, field by field; what only the API can tell (consent, taken aliases) comes from there. */
export function check(draft: Draft): Errors {
  const errors: Errors = {};
  const say = (field: keyof Draft | `${"parameters" | "theeye_arguments"}/${string}`, message: string | undefined): void => {
    if (message) errors[field] ??= message;
  };
  const each = (field: "ip_allow" | "cors" | "http_headers" | "callback_hosts", fits: (one: string) => boolean, wants: string): void => {
    const wrong = lines(draft[field]).find((one) => !fits(one));
    if (wrong) say(field, `${wrong} is not ${wants}`);
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
  each("ip_allow", network, "a network; write 192.0.2.0/24 or one address");
  each("cors", (one) => ORIGIN.test(one), "an origin; write https://shop.example.com, in small letters and without a path, or * for all");
  each("http_headers", (one) => HEADER.test(one), "the name of a header");
  say("time_limit", whole(draft.time_limit, 1, 31_536_000));
  say("keep_jobs_days", whole(draft.keep_jobs_days, 1, 3650));
  say("keep_payloads_days", whole(draft.keep_payloads_days, 0, 3650));
  if (draft.keep_jobs_days.trim() && Number(draft.keep_payloads_days) > Number(draft.keep_jobs_days))
    say("keep_payloads_days", "is longer than the job itself is kept");
  if (draft.callback_url.trim() && !/^https?:\/\/[^\s/]+/.test(draft.callback_url.trim())) say("callback_url", "must be a URL: https://…");
  each("callback_hosts", (one) => /^(\*\.)?[a-z0-9.-]+(:\d+)?$/.test(one), "a host; write hooks.example.com or *.example.com");
  if (draft.log_group.trim() && !draft.log_group.trim().startsWith("/aws/vendedlogs/states/")) say("log_group", "must begin with /aws/vendedlogs/states/");
  say("sample", jsonProblem(draft.sample));
  if (new TextEncoder().encode(draft.sample).length > SAMPLE_BYTES) say("sample", `has more than ${SAMPLE_BYTES.toLocaleString("en")} bytes`);
  for (const field of ["input_schema", "output_schema"] as const) {
    say(field, jsonProblem(draft[field]));
    if (!errors[field] && draft[field].trim() && !isObject(draft[field])) say(field, "must be a JSON object");
  }
  const limits = checkLimits({ requests: draft.rate_requests, seconds: draft.rate_seconds, concurrent: draft.concurrent });
  say("rate_requests", limits.requests);
  say("rate_seconds", limits.seconds);
  say("concurrent", limits.concurrent);
  checkParameters(draft.parameters, say);
  checkFamilies(draft, say);
  say("rest", jsonProblem(draft.rest));
  if (!errors.rest && draft.rest.trim() && !isObject(draft.rest)) say("rest", "must be a JSON object");
  return errors;
}

type Say = (field: keyof Draft | `${"parameters" | "theeye_arguments"}/${string}`, message: string | undefined) => void;

function checkParameters(rows: ParameterRow[], say: Say): void {
  rows.forEach((row, index) => {
    if (!row.name) say(`parameters/${index}/name`, "is needed");
    else if (rows.findIndex((one) => one.name === row.name && one.task === row.task) < index) say(`parameters/${index}/name`, "is declared twice");
    const wrong = jsonProblem(row.default);
    say(`parameters/${index}/default`, wrong && `${wrong}; a text stands in quotes`);
    if (!wrong && row.default.trim() && !fits(parsed(row.default), row.type)) say(`parameters/${index}/default`, `is no ${row.type}`);
  });
}

function fits(value: unknown, type: string): boolean {
  if (!type || value === null) return true;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && !Array.isArray(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function checkFamilies(draft: Draft, say: Say): void {
  for (const [, field] of ALIAS_FIELDS) if (wholeLines(draft[field]).some((one) => one.length > 128)) say(field, "has more than 128 characters");
  const number = wholeLines(draft.alias_nebulagraph).find((one) => !/^(0|[1-9]\d{0,15})$/.test(one) || Number(one) > NEBULAGRAPH_MOST);
  if (number) say("alias_nebulagraph", `${number} is not a whole number`);
  if (draft.alias_nebulagraph.trim() && !draft.standard_arn.trim() && !draft.log_group.trim())
    say("alias_nebulagraph", "shows the tasks of runs, of which AWS keeps no history for Express: add a Standard machine or the log group");
  if (draft.alias_workfloplus.trim() && !draft.standard_arn.trim()) say("alias_workfloplus", "needs a Standard machine: its jobs wait for their clients");
  if (draft.alias_workfloplus.trim() && draft.keep_payloads_days.trim() === "0") say("keep_payloads_days", "must be 1 or more for a WorkfloPlus workflow: its jobs keep documents");
  if (draft.phixflow) {
    say("phixflow_timeout", whole(draft.phixflow_timeout, 1, 86_400_000));
    if (!draft.phixflow_abandon && !draft.standard_arn.trim() && draft.mode === "sync")
      say("phixflow_abandon", "AWS cannot abort an Express run at the time-out: add a Standard machine, or let the run go on");
  }
  if (draft.theeye_declared)
    draft.theeye_arguments.forEach((one, index) => {
      if (!one.name) say(`theeye_arguments/${index}/name`, "is needed");
    });
}

const isObject = (value: string): boolean => {
  const found: unknown = JSON.parse(value);
  return typeof found === "object" && found !== null && !Array.isArray(found);
};

const PHIXFLOW: Record<string, keyof Draft> = {
  output_name: "phixflow_output_name",
  success_message: "phixflow_success",
  fail_message: "phixflow_fail",
  timeout_ms: "phixflow_timeout",
  per_record: "phixflow_per_record",
  abandon_at_timeout: "phixflow_abandon",
};

/** The field that a violation's JSON Pointer is about. */
export function fieldOf(pointer: string, draft: Draft = NEW): string {
  const [member = "", inner = "", third = "", ...more] = pointer.replace(/^\//, "").split("/");
  if (member === "limits") return inner === "concurrent" ? "concurrent" : third === "seconds" ? "rate_seconds" : "rate_requests";
  if (member === "parameters") return inner ? `parameters/${inner}/${third || "name"}` : "parameters";
  if (member === "aliases") return aliasField(draft, Number(inner || "0"));
  if (member === "dialects") {
    if (inner === "phixflow") return PHIXFLOW[third] ?? "phixflow";
    if (inner === "iolinker") return "iolinker_empty";
    if (inner === "theeye") return more.length ? `theeye_arguments/${more[0]}/${more[1] ?? "name"}` : "theeye_arguments";
    return "rest";
  }
  return member in NEW ? member : "rest";
}

function aliasField(draft: Draft, index: number): string {
  const owners = ALIAS_FIELDS.flatMap(([, field]) => wholeLines(draft[field]).map(() => field));
  return owners[index] ?? "alias_theeye";
}

/** What the API refused, field by field: what is wrong inside of a value names the place in it. */
export function refusals(problem: Problem, draft: Draft): Errors {
  const found: Errors = {};
  for (const { pointer, message } of problem.errors) {
    const field = fieldOf(pointer, draft);
    const [member = "", ...inside] = pointer.replace(/^\//, "").split("/");
    const listed = field in draft && typeof draft[field as keyof Draft] === "string" && /^\d+$/.test(inside[0] ?? "");
    const own = documentMember(draft, member, inside[0]);
    const where = field === "rest" ? `${pointer} ` : listed && own ? `${own} ` : inside.length && ["sample", "input_schema", "output_schema"].includes(field) ? `/${inside.join("/")}: ` : "";
    found[field] ??= where + message;
  }
  if (problem.kind === "endpoint-exists") found.name ??= problem.detail;
  if (problem.kind === "alias-taken") {
    const taken = ALIAS_FIELDS.find(([kind, field]) => wholeLines(draft[field]).some((id) => problem.detail.includes(`${kind}:${id}`)));
    found[taken?.[1] ?? "alias_theeye"] ??= problem.detail;
  }
  return found;
}

function documentMember(draft: Draft, member: string, index: string | undefined): string | undefined {
  if (!(member in draft) || index === undefined) return undefined;
  const value = draft[member as keyof Draft];
  return typeof value === "string" ? lines(value)[Number(index)] : undefined;
}
