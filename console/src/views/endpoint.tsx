import { lazy, Suspense } from "preact/compat";
import { useState } from "preact/hooks";
import { call, endpointPath, get, post, type Problem } from "../lib/api";
import { ALIASES } from "../lib/form";
import { parsedArn } from "../lib/format";
import { asProblem, useLoad, useTitle } from "../lib/hooks";
import { go } from "../lib/router";
import type { Endpoint, Job, Workflow } from "../lib/types";
import { Button, Choices, Confirm, Failed, Heading, Icon, Link, Loading, Notice, Pairs, Panel, Switch, Tabs, Tag, Time, Value } from "../lib/ui";
import { JobTable } from "./jobs";
import { TryIt } from "./try";

const WorkflowGraph = lazy(() => import("../lib/graph"));

const TABS = [
  ["details", "Details"],
  ["try", "Try it"],
  ["workflow", "Workflow"],
  ["calls", "Jobs"],
] as const;

export function EndpointPage({ module, name, at, rights }: { module: string; name: string; at: string; rights: { jobs: boolean } }) {
  const path = endpointPath(module, name);
  useTitle(`${module}/${name}`);
  const loaded = useLoad(`endpoint ${path}`, (signal) => get<Endpoint>(`/v1/admin/endpoints/${path}`, signal));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(false);
  const endpoint = loaded.data;
  const tabs = TABS.filter(([value]) => value !== "calls" || rights.jobs);
  const tab = tabs.find(([value]) => value === at)?.[0] ?? "details";
  if (loaded.problem && !endpoint) return <Failed title={`${module}/${name}`} problem={loaded.problem} retry={loaded.again} back={["endpoints", "Endpoints"]} />;
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
      <Tabs label="Of this endpoint" tabs={tabs} at={tab} onChange={(next) => go(`endpoints/${path}${next === "details" ? "" : `/${next}`}`, true)} />
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
        <Tag title={value}>{value}</Tag>
      ))}
    </span>
  ) : (
    <span class="faint">{none}</span>
  );
const or = (value: string | number | null, none: string, unit = "") => (value === null ? <span class="faint">{none}</span> : `${value}${unit}`);
const machine = (arn: string | null) => {
  if (!arn) return <span class="faint">none</span>;
  const { name, qualifier } = parsedArn(arn);
  return (
    <>
      <code class="breaks" title={arn}>
        {name}
      </code>
      {qualifier && (
        <>
          {" "}
          <Tag look="sync">{/^\d+$/.test(qualifier) ? `version ${qualifier}` : `alias ${qualifier}`}</Tag>
        </>
      )}
    </>
  );
};

interface Declared {
  name: string;
  task?: string;
  type?: string;
  required?: boolean;
  default?: unknown;
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const members = (value: unknown): [string, unknown][] => (typeof value === "object" && value !== null ? Object.entries(value) : []);

function Details({ endpoint }: { endpoint: Endpoint }) {
  const extra = Object.fromEntries(Object.entries(endpoint).filter(([name, value]) => !KNOWN.has(name) && value !== null));
  const declared = (Array.isArray(endpoint.parameters) ? endpoint.parameters : []) as Declared[];
  return (
    <div class="columns">
      <section class="card">
        <h2>Calling it</h2>
        <Pairs
          items={[
            ["Mode", endpoint.mode === "sync" ? "Waits for the output" : "Answers with a job at once"],
            ["Answer", { job: "The job", output: "The bare output", http: "The output's own HTTP answer" }[endpoint.view]],
            ...(texts(endpoint.http_headers).length ? ([["Its headers", list(texts(endpoint.http_headers), "")]] as [string, preact.JSX.Element][]) : []),
            ["Methods", list(endpoint.methods, "none")],
            ["Who may call", list(endpoint.auth.map((one) => ({ token: "a token", password: "a user", none: "anybody" })[one] ?? one), "nobody")],
            ["Addresses", list(endpoint.ip_allow, "from anywhere")],
            ["Pages of (CORS)", list(texts(endpoint.cors), "no other origin, but those that the stack allows")],
            ["Calls at most", endpoint.limits?.rate ? `${endpoint.limits.rate.requests.toLocaleString()} in ${endpoint.limits.rate.seconds} s` : <span class="faint">as many as come</span>],
            ["At one time", or(endpoint.limits?.concurrent ?? null, "as many as come", " jobs")],
            ["Time limit", or(endpoint.time_limit, "the workflow's own", " s")],
          ]}
        />
      </section>
      <section class="card">
        <h2>What runs</h2>
        <Pairs
          items={[
            ["Express", machine(endpoint.express_arn)],
            ["Standard", machine(endpoint.standard_arn)],
            ["Log group", endpoint.log_group ? <code class="breaks">{endpoint.log_group}</code> : <span class="faint">none: steps of Express runs are not seen</span>],
            ["Jobs are kept", or(endpoint.keep_jobs_days, "as long as the stack keeps them", " days")],
            ["Payloads are kept", endpoint.keep_payloads_days === 0 ? "not at all" : or(endpoint.keep_payloads_days, "as long as the job", " days")],
            ["Callback", endpoint.callback_url ? <code class="breaks">{endpoint.callback_url}</code> : <span class="faint">none</span>],
            ["Callers' callbacks", list(endpoint.callback_hosts, "not allowed")],
            ["Made", <Time at={endpoint.created_at} />],
            [
              "Changed",
              <>
                <Time at={endpoint.updated_at} /> <span class="faint">version {endpoint.version}</span>
              </>,
            ],
            ["Trail", <Link to={`audit?what=${encodeURIComponent(`endpoint:${endpoint.endpoint}`)}`}>Who changed what</Link>],
          ]}
        />
      </section>
      <Spoken endpoint={endpoint} />
      {declared.length > 0 && (
        <section class="card">
          <h2>Parameters</h2>
          <div class="table-room">
            <table>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Type</th>
                  <th scope="col">Default</th>
                  <th scope="col">Task</th>
                </tr>
              </thead>
              <tbody>
                {declared.map((one) => (
                  <tr>
                    <td>
                      <code>{one.name}</code> {one.required && <Tag look="sync">needed</Tag>}
                    </td>
                    <td>{one.type ?? <span class="faint">any</span>}</td>
                    <td>{"default" in one ? <code>{JSON.stringify(one.default)}</code> : <span class="faint">none</span>}</td>
                    <td>{one.task ?? <span class="faint">all</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      {endpoint.sample !== null && (
        <section class="card">
          <h2>Sample request</h2>
          <Value value={endpoint.sample} label="Sample request" />
        </section>
      )}
      {endpoint.input_schema != null && (
        <section class="card">
          <h2>Input schema</h2>
          <Value value={endpoint.input_schema} label="Input schema" />
        </section>
      )}
      {(endpoint.output_mapping != null || endpoint.output_schema != null) && (
        <section class="card">
          <h2>Output</h2>
          {endpoint.output_mapping != null && <Pairs items={[["Mapping", <code class="breaks">{String(endpoint.output_mapping)}</code>]]} />}
          {endpoint.output_schema != null && <Value value={endpoint.output_schema} label="Output schema" />}
        </section>
      )}
      {Object.keys(extra).length > 0 && (
        <section class="card">
          <h2>Further settings</h2>
          <Value value={extra} label="Further settings" />
        </section>
      )}
    </div>
  );
}

const FAMILIES: [string, string, keyof typeof ALIASES | null][] = [
  ["iolinker", "iolinker", null],
  ["PhixFlow", "phixflow", "v10"],
  ["WorkfloPlus", "workfloplus", "workfloplus"],
  ["TheEye", "theeye", "theeye"],
  ["NebulaGraph", "nebulagraph", "nebulagraph"],
];

/** What the endpoint says to other API families: its names there, and settings that are not their defaults. */
function Spoken({ endpoint }: { endpoint: Endpoint }) {
  const dialects = Object.fromEntries(members(endpoint.dialects));
  const rows = FAMILIES.map(([title, key, kind]) => {
    const names = kind ? endpoint.aliases.filter((one) => one.startsWith(`${kind}:`)).map((one) => one.slice(kind.length + 1)) : [];
    const settings = members(dialects[key]).filter(([, value]) => value !== null && value !== false && !(key === "phixflow" && value === "output"));
    return [title, names, settings] as const;
  }).filter(([, names, settings]) => names.length > 0 || settings.length > 0);
  if (!rows.length) return null;
  return (
    <section class="card">
      <h2>Other API families</h2>
      <Pairs
        items={rows.map(([title, names, settings]) => [
          title,
          <span class="tags">
            {names.map((name) => (
              <Tag look="sync" title={name}>
                {name}
              </Tag>
            ))}
            {settings.map(([member, value]) => (
              <Tag title={JSON.stringify(value)}>
                {member.replaceAll("_", " ")}
                {value === true ? "" : `: ${Array.isArray(value) ? value.map((one) => String((one as { name?: unknown }).name ?? one)).join(", ") : String(value)}`}
              </Tag>
            ))}
          </span>,
        ])}
      />
    </section>
  );
}

const KNOWN = new Set([
  "title",
  "module",
  "name",
  "endpoint",
  "enabled",
  "version",
  "created_at",
  "updated_at",
  "sample",
  "input_schema",
  "output_schema",
  "output_mapping",
  "parameters",
  "dialects",
  "cors",
  "http_headers",
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
  const arn = (machine === "express" ? endpoint.express_arn : endpoint.standard_arn) ?? "";
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
      {loaded.data && !loaded.data.exact && <Inexact arn={arn} shown={loaded.data.machine_arn} />}
    </section>
  );
}

/** The endpoint runs a version or an alias, and what could be read is something else. */
function Inexact({ arn, shown }: { arn: string; shown: string }) {
  const { name, qualifier } = parsedArn(arn);
  const wanted = qualifier ? (/^\d+$/.test(qualifier) ? `version ${qualifier}` : `the alias ${qualifier}`) : "";
  const other = parsedArn(shown);
  return (
    <div class="notice warned" role="note">
      <Icon name="warn" />
      <div>
        {wanted ? `This may not be what runs. The endpoint runs ${wanted} of ${name}, ` : `This may not be what runs: `}
        {other.qualifier ? `and version ${other.qualifier} of ${other.name} is drawn.` : "which AWS does not show; the machine’s present workflow is drawn, and may have other states."}
      </div>
    </div>
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
