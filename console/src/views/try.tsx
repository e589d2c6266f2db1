import { useEffect, useRef, useState } from "preact/hooks";
import { apiRoot, get, problemOf, token, workspaceOf, Problem } from "../lib/api";
import { lines, type Wish } from "../lib/curl";
import { jsonProblem } from "../lib/form";
import { duration, pretty } from "../lib/format";
import { asProblem, useLoad } from "../lib/hooks";
import { endpointPath } from "../lib/api";
import { OPEN, type Endpoint, type Job } from "../lib/types";
import { Badge, Button, Choices, Code, Copy, Field, Icon, Link, Notice } from "../lib/ui";

interface Result {
  status: number;
  ms: number;
  headers: [string, string][];
  body: string;
  type: string;
  jobId: string | null;
  problem: Problem | null;
}

const SHOWN = ["content-type", "flowport-job-id", "location", "retry-after", "preference-applied", "flowport-error-source", "flowport-request-id", "ratelimit", "ratelimit-policy", "idempotency-replayed"];

export function TryIt({ endpoint }: { endpoint: Endpoint }) {
  const [body, setBody] = useState(() => pretty(endpoint.sample ?? {}));
  const [mode, setMode] = useState<Wish["mode"]>("own");
  const [dialect, setDialect] = useState("native");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const out = useRef<HTMLElement>(null);
  const wrong = jsonProblem(body);
  const method = endpoint.methods.includes("POST") ? "POST" : "GET";
  const workspace = workspaceOf(token.read() ?? "") ?? "default";
  const made = lines(endpoint, workspace, location.origin + apiRoot(), { mode, body: compact(body) });
  const line = made.find((one) => one.dialect === dialect) ?? made[0]!;
  const send = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const begun = performance.now();
    try {
      const response = await fetch(address(endpoint, method, body), {
        method,
        cache: "no-store",
        credentials: "omit",
        headers: {
          Authorization: `Bearer ${token.read() ?? ""}`,
          ...(method === "POST" ? { "Content-Type": "application/json" } : {}),
          ...(mode === "async" ? { Prefer: "respond-async" } : mode === "wait" ? { Prefer: "wait=20" } : {}),
        },
        ...(method === "POST" ? { body: body.trim() || "{}" } : {}),
      });
      const text = await response.text();
      const read = parsed(text);
      setResult({
        status: response.status,
        ms: performance.now() - begun,
        headers: [...response.headers].filter(([name]) => SHOWN.includes(name)),
        body: read === undefined ? text : pretty(read),
        type: response.headers.get("content-type") ?? "",
        jobId: response.headers.get("flowport-job-id"),
        problem: response.ok ? null : problemOf(response, read),
      });
    } catch (error) {
      setProblem(asProblem(error instanceof TypeError ? new Problem(0, "No answer", "The API did not answer.") : error));
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    if (result && innerWidth < 900) out.current?.scrollIntoView({ block: "start", behavior: "auto" });
  }, [result]);
  return (
    <div class="columns try">
      <section class="card">
        <h2>Request</h2>
        <Choices
          legend="How the call waits"
          value={mode}
          options={[
            ["own", endpoint.mode === "sync" ? "as it is set (waits)" : "as it is set (a job)"],
            ["wait", "wait 20 s"],
            ["async", "a job at once"],
          ]}
          onChange={setMode}
        />
        <Field label="Input" error={wrong} hint={method === "GET" ? "Its members are sent as the query" : "JSON; ⌘ or Ctrl and Enter send it"}>
          {(about) => (
            <textarea
              {...about}
              class="mono editor"
              rows={Math.min(18, Math.max(7, body.split("\n").length + 1))}
              spellcheck={false}
              value={body}
              onInput={(event) => setBody(event.currentTarget.value)}
              onKeyDown={(event) => {
                if ((event.metaKey || event.ctrlKey) && event.key === "Enter" && !wrong) void send();
              }}
            />
          )}
        </Field>
        <div class="send">
          <Button kind="primary" icon="play" busy={busy} disabled={Boolean(wrong)} onClick={() => void send()}>
            Send
          </Button>
          <Button kind="quiet" onClick={() => setBody(pretty(endpoint.sample ?? {}))}>
            Back to the sample
          </Button>
          <span class="faint">Runs for real.</span>
        </div>
      </section>

      <section class="card" ref={out} aria-live="polite">
        <h2>Answer</h2>
        {problem && <Notice problem={problem} />}
        {!result && !problem && <p class="faint placeholder">{busy ? "Waiting for the answer…" : "Send the request, and its answer is shown here."}</p>}
        {result && (
          <>
            <p class="answer-line">
              <span class={`code-badge ${result.status < 300 ? "good" : result.status < 500 ? "warned" : "bad"}`}>{result.status}</span>
              <span class="took">
                <Icon name="clock" size={15} /> {duration(result.ms)}
              </span>
              {result.jobId && <Link to={`jobs/${result.jobId}`}>Its job</Link>}
            </p>
            {result.problem && <p class="said">{result.problem.detail || result.problem.title}</p>}
            {result.jobId && result.status === 202 && <Follow id={result.jobId} />}
            <Code text={result.body || "(no body)"} label="Answer's body" plain={!/json/.test(result.type)} />
            <details class="headers">
              <summary>Headers</summary>
              <dl>
                {result.headers.map(([name, value]) => (
                  <div>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
              </dl>
            </details>
          </>
        )}
      </section>

      <section class="card whole">
        <h2>The same call elsewhere</h2>
        <Choices legend="Contract" hidden value={dialect} options={made.map((one) => [one.dialect, one.label] as const)} onChange={setDialect} />
        <div class="code">
          <pre tabIndex={0} role="region" aria-label={`curl, ${line.label}`}>
            {line.text}
          </pre>
          <Copy text={line.text} />
        </div>
        <p class="hint">{line.note}</p>
      </section>
    </div>
  );
}

function Follow({ id }: { id: string }) {
  const [done, setDone] = useState(false);
  const loaded = useLoad(`follow ${id}`, (signal) => get<Job>(`/v1/jobs/${id}`, signal), done ? 0 : 1000);
  const job = loaded.data;
  useEffect(() => {
    if (job && !OPEN.includes(job.status)) setDone(true);
  }, [job]);
  if (!job) return null;
  return (
    <div class="follow">
      <Badge status={job.status} /> <span class="faint">{job.duration_ms === null ? "The job runs on." : `after ${duration(job.duration_ms)}`}</span>
      {done && job.output !== undefined && job.output !== null && <Code text={pretty(job.output)} label="The job's output" />}
    </div>
  );
}

function address(endpoint: Endpoint, method: string, body: string): string {
  const base = `${apiRoot()}/v1/run/${endpointPath(endpoint.module, endpoint.name)}`;
  if (method === "POST") return base;
  const value = parsed(body);
  const query = new URLSearchParams();
  if (typeof value === "object" && value !== null) for (const [name, one] of Object.entries(value)) query.set(name, typeof one === "string" ? one : JSON.stringify(one));
  const text = query.toString();
  return text ? `${base}?${text}` : base;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const compact = (text: string): string => {
  const value = parsed(text);
  return value === undefined ? text : JSON.stringify(value);
};
