import { useState } from "preact/hooks";
import { all, get } from "../lib/api";
import { ago, duration, moment } from "../lib/format";
import { useLoad, useNow, useTitle } from "../lib/hooks";
import { setQuery, type Place } from "../lib/router";
import { OPEN, type Endpoint, type Job } from "../lib/types";
import { Badge, Button, Empty, Heading, Link, Loading, Notice, Switch, Tag } from "../lib/ui";
import { asProblem } from "../lib/hooks";
import type { Problem } from "../lib/api";

const STATUSES = ["ACCEPTED", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] as const;
const SINCE: [string, string][] = [
  ["", "any time"],
  ["3600", "the last hour"],
  ["86400", "the last day"],
  ["604800", "the last week"],
];

export function Jobs({ place, rights }: { place: Place; rights: { admin: boolean } }) {
  useTitle("Jobs");
  const [live, setLive] = useState(true);
  const [more, setMore] = useState<{ key: string; items: Job[]; cursor: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const endpoints = useLoad(rights.admin ? "endpoint names" : null, (signal) => all<Endpoint>("/v1/admin/endpoints", 500, signal));
  const key = ["endpoint", "status", "label", "since"].map((name) => place.query.get(name) ?? "").join("\n");
  const query = (): string => {
    const asked = new URLSearchParams({ limit: "25" });
    for (const name of ["endpoint", "status"]) if (place.query.get(name)) asked.set(name, place.query.get(name)!);
    const label = place.query.get("label") ?? "";
    if (/^[A-Za-z0-9_.-]+=/.test(label)) asked.set("label", label);
    const since = Number(place.query.get("since"));
    if (since) asked.set("created_after", new Date(Date.now() - since * 1000).toISOString());
    return `/v1/jobs?${asked}`;
  };
  const first = useLoad(`jobs ${key}`, (signal) => get<{ items: Job[]; cursor: string | null }>(query(), signal), live ? 3000 : 0);
  const later = more?.key === key ? more : null;
  const ids = new Set((first.data?.items ?? []).map((job) => job.id));
  const jobs = [...(first.data?.items ?? []), ...(later?.items ?? []).filter((job) => !ids.has(job.id))];
  const cursor = later ? later.cursor : (first.data?.cursor ?? null);
  const load = async (): Promise<void> => {
    if (!cursor) return;
    setBusy(true);
    try {
      const page = await get<{ items: Job[]; cursor: string | null }>(`${query()}&cursor=${encodeURIComponent(cursor)}`);
      setMore({ key, items: [...(later?.items ?? []), ...page.items], cursor: page.cursor });
      setLive(false);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
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
      {problem && <Notice problem={problem} />}
      {first.problem && <Notice problem={first.problem} retry={first.again} />}
      {first.loading && <Loading what="jobs" />}
      {first.data && <JobTable jobs={jobs} filtered={filtered} />}
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
      <table class="jobs">
        <thead>
          <tr>
            <th scope="col">Status</th>
            {!without && <th scope="col">Endpoint</th>}
            <th scope="col">Job</th>
            <th scope="col">Accepted</th>
            <th scope="col" class="number">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>
                <Badge status={job.status} />
              </td>
              {!without && <td class="strong">{job.endpoint}</td>}
              <td>
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
              <td class="faint">
                <time dateTime={job.created_at} title={moment(job.created_at)}>
                  {ago(job.created_at, now)}
                </time>
              </td>
              <td class="number">{OPEN.includes(job.status) && job.started_at ? duration(Math.max(0, now - Date.parse(job.started_at))) : duration(job.duration_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
