import { lazy, Suspense } from "preact/compat";
import { useState } from "preact/hooks";
import { call, endpointPath, get, post, type Problem } from "../lib/api";
import { moment, pretty } from "../lib/format";
import { asProblem, useLoad, useTitle } from "../lib/hooks";
import { go } from "../lib/router";
import type { Endpoint, Job, Workflow } from "../lib/types";
import { Button, Choices, Code, Confirm, Heading, Icon, Link, Loading, Notice, Pairs, Panel, Switch, Tabs, Tag } from "../lib/ui";
import { JobTable } from "./jobs";
import { TryIt } from "./try";

const WorkflowGraph = lazy(() => import("../lib/graph"));

const TABS = [
  ["details", "Details"],
  ["try", "Try it"],
  ["workflow", "Workflow"],
  ["calls", "Jobs"],
] as const;

export function EndpointPage({ module, name, at }: { module: string; name: string; at: string }) {
  const path = endpointPath(module, name);
  useTitle(`${module}/${name}`);
  const loaded = useLoad(`endpoint ${path}`, (signal) => get<Endpoint>(`/v1/admin/endpoints/${path}`, signal));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(false);
  const endpoint = loaded.data;
  const tab = TABS.find(([value]) => value === at)?.[0] ?? "details";
  if (loaded.problem) return <Notice problem={loaded.problem} retry={loaded.again} />;
  if (!endpoint) return <Loading what="the endpoint" />;
  const flip = async (on: boolean): Promise<void> => {
    setBusy(true);
    try {
      await post(`/v1/admin/endpoints/${path}/${on ? "enable" : "disable"}`);
      loaded.again();
      setProblem(null);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Heading title={endpoint.endpoint} sub={endpoint.title || undefined} back={["endpoints", "Endpoints"]}>
        <label class="with-switch">
          <span class="faint">{endpoint.enabled ? "On" : "Off"}</span>
          <Switch on={endpoint.enabled} busy={busy} label="The endpoint is called" onChange={(on) => void flip(on)} />
        </label>
        <Link to={`endpoints/${path}/edit`} class="button plain">
          <Icon name="edit" size={16} /> Edit
        </Link>
        <Button kind="quiet" icon="trash" aria-label="Delete" onClick={() => setRemoving(true)} />
      </Heading>
      {problem && <Notice problem={problem} />}
      {!endpoint.enabled && (
        <div class="notice warned">
          <Icon name="warn" />
          <div>Switched off: every call is refused with 403 until it is on again.</div>
        </div>
      )}
      <Tabs label="Of this endpoint" tabs={TABS} at={tab} onChange={(next) => go(`endpoints/${path}${next === "details" ? "" : `/${next}`}`, true)} />
      <Panel id={tab}>
        {tab === "details" && <Details endpoint={endpoint} />}
        {tab === "try" && <TryIt endpoint={endpoint} />}
        {tab === "workflow" && <Shape endpoint={endpoint} path={path} />}
        {tab === "calls" && <Calls endpoint={endpoint} />}
      </Panel>
      {removing && (
        <Confirm
          title={`Delete ${endpoint.endpoint}?`}
          say={<p>Calls are answered with 404 from the next one on. Its jobs stay readable; the state machine is not touched.</p>}
          action="Delete the endpoint"
          danger
          onClose={() => setRemoving(false)}
          onDo={async () => {
            try {
              await call(`/v1/admin/endpoints/${path}`, { method: "DELETE", headers: loaded.data ? { "If-Match": `"${endpoint.version}"` } : {} });
              go("endpoints");
            } catch (error) {
              setProblem(asProblem(error));
            }
          }}
        />
      )}
    </>
  );
}

const list = (values: string[], none: string) =>
  values.length ? (
    <span class="tags">
      {values.map((value) => (
        <Tag>{value}</Tag>
      ))}
    </span>
  ) : (
    <span class="faint">{none}</span>
  );
const or = (value: string | number | null, none: string, unit = "") => (value === null ? <span class="faint">{none}</span> : `${value}${unit}`);
const machine = (arn: string | null) =>
  arn ? <code title={arn}>{arn.split(":stateMachine:")[1] ?? arn}</code> : <span class="faint">none</span>;

function Details({ endpoint }: { endpoint: Endpoint }) {
  const shown = new Set(["title", "module", "name", "endpoint", "enabled", "version", "created_at", "updated_at", "sample"]);
  const extra: [string, unknown][] = Object.entries(endpoint).filter(([name, value]) => {
    if (shown.has(name) || KNOWN.has(name) || value === null) return false;
    return Array.isArray(value) ? value.length > 0 : typeof value !== "object" || Object.keys(value).length > 0;
  });
  return (
    <div class="columns">
      <section class="card">
        <h2>Calling it</h2>
        <Pairs
          items={[
            ["Mode", endpoint.mode === "sync" ? "Waits for the output" : "Answers with a job at once"],
            ["Answer", { job: "The job", output: "The bare output", http: "The output's own HTTP answer" }[endpoint.view]],
            ["Methods", list(endpoint.methods, "none")],
            ["Credentials", list(endpoint.auth, "none")],
            ["Addresses", list(endpoint.ip_allow, "from anywhere")],
            ["Aliases", list(endpoint.aliases, "none")],
            ["Time limit", or(endpoint.time_limit, "the workflow's own", " s")],
            ["Calls", endpoint.limits?.rate ? `${endpoint.limits.rate.requests} in ${endpoint.limits.rate.seconds} s` : <span class="faint">as many as come</span>],
            ["At one time", or(endpoint.limits?.concurrent ?? null, "as many as come", " jobs")],
          ]}
        />
      </section>
      <section class="card">
        <h2>What runs</h2>
        <Pairs
          items={[
            ["Express", machine(endpoint.express_arn)],
            ["Standard", machine(endpoint.standard_arn)],
            ["Log group", endpoint.log_group ? <code>{endpoint.log_group}</code> : <span class="faint">none: steps of Express runs are not seen</span>],
            ["Jobs are kept", or(endpoint.keep_jobs_days, "as long as the stack keeps them", " days")],
            ["Payloads are kept", or(endpoint.keep_payloads_days, "as long as the job", " days")],
            ["Callback", or(endpoint.callback_url, "none")],
            ["Callers' callbacks", list(endpoint.callback_hosts, "not allowed")],
            ["Changed", `${moment(endpoint.updated_at)} (version ${endpoint.version})`],
          ]}
        />
      </section>
      {endpoint.sample !== null && (
        <section class="card">
          <h2>Sample request</h2>
          <Code text={pretty(endpoint.sample)} label="Sample request" />
        </section>
      )}
      {extra.length > 0 && (
        <section class="card">
          <h2>Further settings</h2>
          <Code text={pretty(Object.fromEntries(extra))} label="Further settings" />
        </section>
      )}
    </div>
  );
}

const KNOWN = new Set([
  "limits",
  "express_arn",
  "standard_arn",
  "mode",
  "view",
  "methods",
  "auth",
  "ip_allow",
  "aliases",
  "time_limit",
  "log_group",
  "keep_jobs_days",
  "keep_payloads_days",
  "callback_url",
  "callback_hosts",
]);

function Shape({ endpoint, path }: { endpoint: Endpoint; path: string }) {
  const both = Boolean(endpoint.express_arn && endpoint.standard_arn);
  const [machine, setMachine] = useState<"express" | "standard">(endpoint.express_arn ? "express" : "standard");
  const [selected, setSelected] = useState<string | null>(null);
  const loaded = useLoad(`workflow ${path} ${machine}`, (signal) => get<Workflow>(`/v1/endpoints/${path}/workflow?machine=${machine}`, signal));
  return (
    <section class="card">
      {both && (
        <Choices
          legend="Machine"
          hidden
          value={machine}
          options={[
            ["express", "Express"],
            ["standard", "Standard"],
          ]}
          onChange={setMachine}
        />
      )}
      {loaded.problem && <Notice problem={loaded.problem} retry={loaded.again} />}
      {loaded.loading && <Loading what="the workflow" />}
      {loaded.data && (
        <Suspense fallback={<Loading what="the graph" />}>
          <WorkflowGraph workflow={loaded.data} trace={null} selected={selected} onSelect={setSelected} />
        </Suspense>
      )}
    </section>
  );
}

function Calls({ endpoint }: { endpoint: Endpoint }) {
  const query = `/v1/jobs?limit=20&endpoint=${encodeURIComponent(endpoint.endpoint)}`;
  const loaded = useLoad(query, (signal) => get<{ items: Job[] }>(query, signal), 5000);
  if (loaded.problem) return <Notice problem={loaded.problem} retry={loaded.again} />;
  if (!loaded.data) return <Loading what="jobs" />;
  return (
    <>
      <JobTable jobs={loaded.data.items} without="endpoint" />
      {loaded.data.items.length > 0 && (
        <p>
          <Link to={`jobs?endpoint=${encodeURIComponent(endpoint.endpoint)}`}>All jobs of this endpoint</Link>
        </p>
      )}
    </>
  );
}
