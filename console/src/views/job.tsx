import { lazy, Suspense } from "preact/compat";
import { useMemo, useState } from "preact/hooks";
import { call, get, Problem } from "../lib/api";
import { duration, pretty } from "../lib/format";
import { asProblem, useLoad, useNow, useTitle } from "../lib/hooks";
import { go } from "../lib/router";
import { trace, type Trace } from "../lib/trace";
import { OPEN, type Delivery, type Job, type Step, type Steps, type Workflow } from "../lib/types";
import { Badge, Button, Confirm, Copy, Failed, Heading, Icon, Link, Loading, Notice, Pairs, Said, Tag, Time, Value, lookOf, words } from "../lib/ui";

const WorkflowGraph = lazy(() => import("../lib/graph"));

export function JobPage({ id, rights }: { id: string; rights: { admin: boolean } }) {
  const name = encodeURIComponent(id);
  const [open, setOpen] = useState(true);
  const loaded = useLoad(`job ${id}`, (signal) => get<Job>(`/v1/jobs/${name}`, signal), open ? 1500 : 0);
  const job = loaded.data;
  useTitle(job ? `${words(job.status)}: ${job.endpoint}, job ${id.slice(0, 8)}` : `Job ${id.slice(0, 8)}`);
  const running = job !== null && OPEN.includes(job.status);
  if (job && running !== open) setOpen(running);
  // What belongs to a job is read again when its status changes, and while it runs.
  const key = job ? `${job.id} ${job.status}` : null;
  const every = running ? 2000 : 0;
  const input = useLoad(job ? `input ${job.id}` : null, (signal) => get<unknown>(`/v1/jobs/${name}/input`, signal));
  const steps = useLoad(key && `steps ${key}`, (signal) => get<Steps>(`/v1/jobs/${name}/steps`, signal), every);
  const workflow = useLoad(job ? `workflow ${job.id}` : null, (signal) => get<Workflow>(`/v1/jobs/${name}/workflow`, signal));
  const deliveries = useLoad(key && `deliveries ${key}`, (signal) => get<{ items: Delivery[] }>(`/v1/jobs/${name}/deliveries`, signal), every);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const [asking, setAsking] = useState<"cancel" | "redrive" | "delete" | null>(null);
  const now = useNow(running ? 1000 : 15_000);
  if (loaded.problem && !job) return <Failed title="Job" problem={loaded.problem} retry={loaded.again} back={["jobs", "Jobs"]} />;
  if (!job) return <Loading what="the job" />;

  const act = async (what: () => Promise<void>): Promise<void> => {
    setProblem(null);
    setSaid(null);
    try {
      await what();
      loaded.again();
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const failed = job.status === "FAILED" || job.status === "TIMED_OUT";
  const took = running && job.started_at ? now - Date.parse(job.started_at) : job.duration_ms;
  const next = job.links.redriven_as?.split("/").pop();
  return (
    <>
      <Heading
        title={job.endpoint}
        back={["jobs", "Jobs"]}
        sub={
          <span class="job-line">
            <Badge status={job.status} /> <span class="took">{duration(took)}</span>
            <span class="id-line">
              <code>{job.id}</code>
              <Copy text={job.id} label="Copy id" />
            </span>
          </span>
        }
      >
        {running && (
          <Button icon="stop" onClick={() => setAsking("cancel")}>
            Cancel
          </Button>
        )}
        {(failed || job.status === "ABORTED") && !next && (
          <Button kind="primary" icon="again" onClick={() => setAsking("redrive")}>
            Redrive
          </Button>
        )}
        {!running && <Button kind="quiet" icon="trash" aria-label="Delete" onClick={() => setAsking("delete")} />}
      </Heading>
      {(problem ?? loaded.problem) && <Notice problem={(problem ?? loaded.problem)!} {...(problem ? {} : { retry: loaded.again })} />}
      {said && <Said>{said}</Said>}
      {next && (
        <div class="notice">
          <Icon name="again" />
          <div>
            Redriven as <Link to={`jobs/${next}`}>job {next.slice(0, 8)}</Link>.
          </div>
        </div>
      )}
      {failed && (
        <section class="failure" aria-label="Failure">
          <Icon name="warn" size={22} />
          <div>
            <h2>{job.error ?? (job.status === "TIMED_OUT" ? "The time was over" : "It failed without a word")}</h2>
            {job.cause && <pre>{readable(job.cause)}</pre>}
          </div>
        </section>
      )}

      <Path workflow={workflow.data} problem={workflow.problem} steps={steps.data} stepsProblem={steps.problem} now={now} running={running} />

      <div class="columns">
        <section class="card">
          <h2>Input</h2>
          {input.problem ? <p class="faint">{input.problem.detail}</p> : input.loading ? <Loading what="the input" /> : <Value value={input.data} label="Input" />}
        </section>
        <section class="card">
          <h2>Output</h2>
          {job.status === "SUCCEEDED" ? (
            job.payloads === "not-kept" || job.payloads === "expired" ? (
              <p class="faint">The output is not kept{job.payloads === "expired" ? " any more" : ""}.</p>
            ) : (
              <Value value={job.output ?? null} label="Output" />
            )
          ) : (
            <p class="faint placeholder">{running ? "The run has not ended yet." : "It ended without an output."}</p>
          )}
        </section>
        <section class="card">
          <h2>Particulars</h2>
          <Pairs
            items={[
              ["Endpoint", rights.admin ? <Link to={`endpoints/${job.endpoint}`}>{job.endpoint}</Link> : job.endpoint],
              ["Accepted", <Time at={job.created_at} now={now} both />],
              ["Started", job.started_at ? <Time at={job.started_at} now={now} both /> : <span class="faint">{running ? "not yet" : "never"}</span>],
              ["Ended", job.finished_at ? <Time at={job.finished_at} now={now} both /> : <span class="faint">not yet</span>],
              ["Mode", job.mode === "sync" ? "sync: its caller waited" : "async: its caller took the job"],
              ["Client's name", job.client_job_id ? <code>{job.client_job_id}</code> : <span class="faint">none</span>],
              [
                "Labels",
                Object.keys(job.labels).length ? (
                  <span class="tags">
                    {Object.entries(job.labels).map(([label, value]) => (
                      <Tag>
                        {label}={value}
                      </Tag>
                    ))}
                  </span>
                ) : (
                  <span class="faint">none</span>
                ),
              ],
              ["Redrive of", job.origin ? <Link to={`jobs/${job.origin}`}>{job.origin.slice(0, 8)}</Link> : <span class="faint">no other job</span>],
              ["Execution", job.execution_arn ? <code class="breaks">{job.execution_arn}</code> : <span class="faint">none</span>],
            ]}
          />
        </section>
        <Deliveries job={job} items={deliveries.data?.items ?? null} problem={deliveries.problem} act={act} again={deliveries.again} onSaid={setSaid} />
      </div>

      {asking === "cancel" && (
        <Confirm
          title="Cancel this job?"
          say={<p>A Standard run is stopped. AWS cannot stop an Express run: the job ends, and the run goes on unseen.</p>}
          action="Cancel the job"
          danger
          onClose={() => setAsking(null)}
          onDo={() =>
            act(async () => {
              const answer = await call<Job & { detail?: string }>(`/v1/jobs/${name}/cancel`, { method: "POST" });
              setSaid(answer.body.detail ?? "The job is cancelled.");
            })
          }
        />
      )}
      {asking === "redrive" && (
        <Confirm
          title="Redrive this job?"
          say={<p>A failed Standard run of the last 14 days goes on from where it failed; anything else starts anew with the same input. Either way it is a new job.</p>}
          action="Redrive"
          onClose={() => setAsking(null)}
          onDo={() =>
            act(async () => {
              const answer = await call<Job>(`/v1/jobs/${name}/redrive`, { method: "POST" });
              go(`jobs/${answer.body.id}`);
            })
          }
        />
      )}
      {asking === "delete" && (
        <Confirm
          title="Delete this job?"
          say={<p>Its row, its input and its output are gone for good.</p>}
          action="Delete the job"
          danger
          onClose={() => setAsking(null)}
          onDo={() =>
            act(async () => {
              await call(`/v1/jobs/${name}`, { method: "DELETE" });
              go("jobs");
            })
          }
        />
      )}
    </>
  );
}

/** A cause is often JSON in one line, as Lambda writes it. */
function readable(cause: string): string {
  try {
    const value: unknown = JSON.parse(cause);
    if (typeof value === "object" && value !== null) {
      const { errorMessage, ...rest } = value as Record<string, unknown>;
      return typeof errorMessage === "string" ? `${errorMessage}\n\n${pretty(rest)}` : pretty(value);
    }
  } catch {
    // It is a sentence.
  }
  return cause;
}

function Path(props: { workflow: Workflow | null; problem: Problem | null; steps: Steps | null; stepsProblem: Problem | null; now: number; running: boolean }) {
  const { workflow, steps, now, running } = props;
  const [selected, setSelected] = useState<string | null>(null);
  const seen = steps?.steps ?? null;
  const traced = useMemo<Trace | null>(() => (workflow && seen ? trace(workflow, seen, now) : null), [workflow, seen, running ? now : 0]);
  const visit = selected ? traced?.visits.get(selected) : undefined;
  const state = selected ? workflow?.states.find((one) => one.path === selected) : undefined;
  return (
    <section class="card path" aria-label="Path through the workflow">
      <div class="card-head">
        <h2>Path</h2>
        <ul class="legend">
          <li class="good">succeeded</li>
          <li class="warned">failed and caught</li>
          <li class="bad">failed</li>
          {running && <li class="running">running</li>}
          <li class="muted">not entered</li>
        </ul>
      </div>
      {steps?.reason && <p class="hint">{steps.reason}</p>}
      {props.stepsProblem && <Notice problem={props.stepsProblem} />}
      <div class="path-room">
        <div>
          {props.problem && <p class="faint">{props.problem.detail}</p>}
          {!workflow && !props.problem && <Loading what="the workflow" />}
          {workflow && (
            <Suspense fallback={<Loading what="the graph" />}>
              <WorkflowGraph workflow={workflow} trace={traced} selected={selected} onSelect={setSelected} />
            </Suspense>
          )}
          {workflow && !workflow.exact && seen && <p class="hint">Drawn from the workflow as it is now; it may have been another when this job ran.</p>}
          {traced && traced.strangers.length > 0 && (
            <p class="hint">Entered, and no longer in the workflow: {traced.strangers.map((step) => step.name).join(", ")}</p>
          )}
        </div>
        <div>
          {state && (
            <div class="inspect" role="status">
              <div class="inspect-head">
                <strong>{state.name}</strong> <Tag>{state.type}</Tag>
                {visit && <Badge status={visit.status} />}
                <button type="button" class="button quiet icon-only" aria-label="Close" onClick={() => setSelected(null)}>
                  <Icon name="cross" size={14} />
                </button>
              </div>
              {visit ? (
                <Pairs
                  items={[
                    ["Took", duration(visit.ms)],
                    ["Entered", visit.times === 1 ? "once" : `${visit.times} times`],
                    ["Attempts", String(visit.attempts)],
                    ...(visit.error ? ([["Error", <code class="breaks">{visit.error}</code>]] as [string, preact.JSX.Element][]) : []),
                  ]}
                />
              ) : (
                <p class="faint">Not entered.</p>
              )}
            </div>
          )}
          {seen && seen.length > 0 && <Timeline steps={seen} now={now} onSelect={(name) => setSelected(workflow?.states.find((one) => one.name === name)?.path ?? null)} />}
          {!steps && !props.stepsProblem && <Loading what="the steps" />}
          {seen && seen.length === 0 && <p class="faint placeholder">No state has been entered yet.</p>}
        </div>
      </div>
    </section>
  );
}

const SHOWN_AT_MOST = 200;

function Timeline({ steps, now, onSelect }: { steps: Step[]; now: number; onSelect: (name: string) => void }) {
  const begin = Math.min(...steps.map((step) => Date.parse(step.started_at)));
  const finish = Math.max(begin + 1, ...steps.map((step) => (step.finished_at ? Date.parse(step.finished_at) : now)));
  const span = finish - begin;
  const place = (at: number): number => ((at - begin) / span) * 100;
  return (
    <div class="timeline">
      <h3>Timeline</h3>
      <ol>
        {steps.slice(0, SHOWN_AT_MOST).map((step) => {
          const from = Date.parse(step.started_at);
          const to = step.finished_at ? Date.parse(step.finished_at) : now;
          return (
            <li class={lookOf(step.status)}>
              <button type="button" onClick={() => onSelect(step.name)}>
                <span class="step-name">
                  {step.name}
                  <span class="unseen">, {step.status.toLowerCase()},</span>
                </span>
                <span class="lane" aria-hidden="true">
                  <span class="stretch" style={{ left: `${Math.min(99, place(from))}%`, width: `${Math.max(0.8, place(to) - place(from))}%` }} />
                </span>
                <span class="step-took">{duration(to - from)}</span>
              </button>
              {step.error && <span class="step-error">{step.error}</span>}
            </li>
          );
        })}
      </ol>
      {steps.length > SHOWN_AT_MOST && <p class="hint">The first {SHOWN_AT_MOST} of {steps.length} steps.</p>}
      <p class="faint span">{duration(span)} in all</p>
    </div>
  );
}

function Deliveries(props: { job: Job; items: Delivery[] | null; problem: Problem | null; act: (what: () => Promise<void>) => Promise<void>; again: () => void; onSaid: (said: string) => void }) {
  return (
    <section class="card">
      <h2>Callbacks</h2>
      {props.problem && <Notice problem={props.problem} retry={props.again} />}
      {props.items === null ? (
        !props.problem && <Loading what="callbacks" />
      ) : props.items.length === 0 ? (
        <p class="faint placeholder">Nobody is called back when this job ends.</p>
      ) : (
        <ul class="deliveries">
          {props.items.map((delivery) => (
            <li>
              <div class="delivery-head">
                <Badge status={delivery.status} />
                <code class="breaks">{delivery.url}</code>
                <Button
                  kind="quiet"
                  icon="again"
                  onClick={() =>
                    void props.act(async () => {
                      await call(`/v1/jobs/${encodeURIComponent(props.job.id)}/deliveries/${delivery.n}/resend`, { method: "POST" });
                      props.again();
                      props.onSaid(`It is sent to ${delivery.url} again; the attempt is listed here when it is done.`);
                    })
                  }
                >
                  Send again
                </Button>
              </div>
              {delivery.attempts.length > 0 && (
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Attempt</th>
                      <th scope="col">Answer</th>
                      <th scope="col" class="number">
                        Took
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {delivery.attempts.map((attempt) => (
                      <tr>
                        <td>
                          <Time at={attempt.at} />
                        </td>
                        <td>{attempt.http_status ?? attempt.error ?? "none"}</td>
                        <td class="number">{duration(attempt.duration_ms)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
              {delivery.next_attempt_at && <p class="hint">
                  Next attempt <Time at={delivery.next_attempt_at} />
                </p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
