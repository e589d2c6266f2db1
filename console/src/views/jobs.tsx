import { useEffect, useState } from "preact/hooks";
import { all, get, type Problem } from "../lib/api";
import { duration, plural } from "../lib/format";
import { asProblem, useLoad, useNow, useTitle } from "../lib/hooks";
import { extended, laid, parted, type Held, type Page } from "../lib/live";
import { setQuery, type Place } from "../lib/router";
import { OPEN, type Endpoint, type Job } from "../lib/types";
import { Badge, Button, Empty, Heading, Link, Loading, Notice, Switch, Tag, Time } from "../lib/ui";

const STATUSES = ["ACCEPTED", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] as const;
const SINCE: [string, string][] = [
  ["", "any time"],
  ["3600", "the last hour"],
  ["86400", "the last day"],
  ["604800", "the last week"],
];

/** So far down, somebody reads. */
const SCROLLED = 140;

export function Jobs({ place, rights }: { place: Place; rights: { admin: boolean } }) {
  useTitle("Jobs");
  const [live, setLive] = useState(true);
  const [held, setHeld] = useState<(Held & { key: string }) | null>(null);
  const [pointed, setPointed] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  /** When the reading began: the newest job that was there then. */
  const [since, setSince] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const endpoints = useLoad(rights.admin ? "endpoint names" : null, (signal) => all<Endpoint>("/v1/admin/endpoints", 500, signal));
  const key = ["endpoint", "status", "label", "since"].map((name) => place.query.get(name) ?? "").join("\n");
  const query = (): string => {
    const asked = new URLSearchParams({ limit: "25" });
    for (const name of ["endpoint", "status"]) if (place.query.get(name)) asked.set(name, place.query.get(name)!);
    const label = place.query.get("label") ?? "";
    if (/^[A-Za-z0-9_.-]+=/.test(label)) asked.set("label", label);
    const seconds = Number(place.query.get("since"));
    if (seconds) asked.set("created_after", new Date(Date.now() - seconds * 1000).toISOString());
    return `/v1/jobs?${asked}`;
  };
  const first = useLoad(`jobs ${key}`, (signal) => get<Page>(query(), signal), live ? 3000 : 0);
  const known = held?.key === key ? held : null;
  const reading = pointed || scrolled;
  useEffect(() => {
    const page = first.data;
    if (page) setHeld((before) => ({ ...laid(before?.key === key ? before : null, page, reading || Boolean(before?.extended)), key }));
  }, [first.data]);
  useEffect(() => {
    const listener = (): void => setScrolled(window.scrollY > SCROLLED);
    window.addEventListener("scroll", listener, { passive: true });
    return () => window.removeEventListener("scroll", listener);
  }, []);
  useEffect(() => setSince(reading ? (known?.jobs[0]?.created_at ?? null) : null), [reading, key]);
  const { shown, newer } = parted(known?.jobs ?? [], since);
  const cursor = known?.cursor ?? null;
  const load = async (): Promise<void> => {
    if (!cursor) return;
    setBusy(true);
    setProblem(null);
    try {
      const page = await get<Page>(`${query()}&cursor=${encodeURIComponent(cursor)}`);
      setHeld((before) => (before?.key === key ? { ...extended(before, page), key } : before));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const unusable = !/^([A-Za-z0-9_.-]+=.*)?$/.test(place.query.get("label") ?? "");
  const filtered = key.replaceAll("\n", "") !== "";
  return (
    <>
      <Heading title="Jobs" sub="Newest first">
        <label class="with-switch">
          <span class={live ? "live on" : "live"}>Live</span>
          <Switch on={live} label="Refresh the list every three seconds" onChange={setLive} />
        </label>
      </Heading>
      <div class="filters">
        <label>
          <span class="unseen">Endpoint</span>
          <input
            list="endpoints"
            type="search"
            placeholder="Any endpoint"
            value={place.query.get("endpoint") ?? ""}
            onChange={(event) => setQuery(place, { endpoint: event.currentTarget.value.trim() })}
          />
          <datalist id="endpoints">
            {(endpoints.data ?? []).map((endpoint) => (
              <option value={endpoint.endpoint} />
            ))}
          </datalist>
        </label>
        <label>
          <span class="unseen">Status</span>
          <select value={place.query.get("status") ?? ""} onChange={(event) => setQuery(place, { status: event.currentTarget.value })}>
            <option value="">Any status</option>
            {STATUSES.map((status) => (
              <option value={status}>{status.charAt(0) + status.slice(1).toLowerCase().replace("_", " ")}</option>
            ))}
          </select>
        </label>
        <label>
          <span class="unseen">Accepted in</span>
          <select value={place.query.get("since") ?? ""} onChange={(event) => setQuery(place, { since: event.currentTarget.value })}>
            {SINCE.map(([value, label]) => (
              <option value={value}>{value ? `In ${label}` : "At any time"}</option>
            ))}
          </select>
        </label>
        <label>
          <span class="unseen">Label</span>
          <input
            type="search"
            placeholder="label=value"
            value={place.query.get("label") ?? ""}
            onChange={(event) => setQuery(place, { label: event.currentTarget.value.trim() })}
          />
        </label>
        {filtered && (
          <Button kind="quiet" icon="cross" onClick={() => setQuery(place, { endpoint: "", status: "", since: "", label: "" })}>
            Clear
          </Button>
        )}
      </div>
      {unusable && (
        <p class="error" role="status">
          “{place.query.get("label")}” is no label: write name=value. The list is not filtered by it.
        </p>
      )}
      {problem && <Notice problem={problem} />}
      {first.problem && <Notice problem={first.problem} retry={first.again} />}
      {first.loading && <Loading what="jobs" />}
      {known && (
        <div
          class="live-list"
          onPointerEnter={(event) => setPointed(event.pointerType === "mouse")}
          onPointerLeave={() => setPointed(false)}
          onFocusCapture={() => setPointed(true)}
          onBlurCapture={() => setPointed(false)}
        >
          {newer > 0 && (
            <div class="newer">
              <Button
                kind="primary"
                icon="up"
                onClick={() => {
                  setSince(known.jobs[0]?.created_at ?? null);
                  window.scrollTo(0, 0);
                }}
              >
                Show {plural(newer, "newer job")}
              </Button>
            </div>
          )}
          <JobTable jobs={shown} filtered={filtered} />
        </div>
      )}
      {cursor && (
        <div class="more">
          <Button busy={busy} onClick={() => void load()}>
            Show older jobs
          </Button>
        </div>
      )}
    </>
  );
}

export function JobTable({ jobs, without, filtered }: { jobs: Job[]; without?: "endpoint"; filtered?: boolean }) {
  const now = useNow(3000);
  if (jobs.length === 0)
    return (
      <Empty title={filtered ? "No job fits these filters" : "No jobs yet"}>
        <p>{filtered ? "Take one of them away." : "Every call becomes a job, and is listed here while it runs and after."}</p>
      </Empty>
    );
  return (
    <div class="table-room">
      <table class="jobs" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">Status</th>
            {!without && <th scope="col" role="columnheader">Endpoint</th>}
            <th scope="col" role="columnheader">Job</th>
            <th scope="col" role="columnheader">Accepted</th>
            <th scope="col" role="columnheader" class="number">
              Took
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {jobs.map((job) => (
            <tr key={job.id} role="row">
              <td role="cell" class="of-status">
                <Badge status={job.status} />
              </td>
              {!without && <td role="cell" class="strong of-endpoint">{job.endpoint}</td>}
              <td role="cell" class="of-job">
                <Link to={`jobs/${job.id}`} class="id" label={`Job ${job.id}`}>
                  {job.id.slice(0, 8)}
                </Link>{" "}
                {Object.entries(job.labels).slice(0, 3).map(([name, value]) => (
                  <Tag>
                    {name}={value}
                  </Tag>
                ))}
                {job.error && <span class="faint error-name">{job.error}</span>}
              </td>
              <td role="cell" class="faint of-time">
                <Time at={job.created_at} now={now} />
              </td>
              <td role="cell" class="number of-took">{OPEN.includes(job.status) && job.started_at ? duration(Math.max(0, now - Date.parse(job.started_at))) : duration(job.duration_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
