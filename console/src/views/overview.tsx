import { useMemo } from "preact/hooks";
import { all, get } from "../lib/api";
import { Chart, number, Spark } from "../lib/chart";
import { byEndpoint, byTime, timesOf, totals } from "../lib/figures";
import { count, duration } from "../lib/format";
import { useLoad, useTitle } from "../lib/hooks";
import { setQuery, type Place } from "../lib/router";
import type { Endpoint, Figures, Job } from "../lib/types";
import { Choices, Empty, Heading, Link, Loading, Notice } from "../lib/ui";
import { pathTo } from "./endpoints";
import { JobTable } from "./jobs";

const RANGES = [
  ["1h", "1 hour", 3600, 60],
  ["24h", "24 hours", 86_400, 900],
  ["7d", "7 days", 604_800, 21_600],
  ["30d", "30 days", 2_592_000, 86_400],
] as const;
type Range = (typeof RANGES)[number][0];

export function Overview({ place, rights }: { place: Place; rights: { jobs: boolean } }) {
  useTitle("Overview");
  const range = RANGES.find(([name]) => name === place.query.get("range")) ?? RANGES[1];
  const only = place.query.get("endpoint") ?? "";
  const endpoints = useLoad("endpoints overview", (signal) => all<Endpoint>("/v1/admin/endpoints", 500, signal));
  const figures = useLoad(
    `figures ${range[0]}`,
    (signal) => {
      const from = new Date(Date.now() - range[2] * 1000).toISOString();
      return get<Figures>(`/v1/admin/metrics?from=${from}&period=${range[3]}`, signal);
    },
    15_000,
  );
  const recent = useLoad(rights.jobs ? "latest jobs" : null, (signal) => get<{ items: Job[] }>("/v1/jobs?limit=6", signal), 5000);
  const data = figures.data;
  const drawn = useMemo(() => {
    if (!data) return null;
    const points = only ? data.series.filter((point) => point.endpoint === only) : data.series;
    const times = timesOf(data);
    return { times, at: byTime(times, points), total: totals(points), each: byEndpoint(data.series) };
  }, [data, only]);
  const names = (endpoints.data ?? []).map((endpoint) => endpoint.endpoint);
  return (
    <>
      <Heading title="Overview" sub={data ? (data.source === "jobs" ? "Counted from the jobs" : "From CloudWatch, a minute or two behind") : " "}>
        <label class="picker">
          <span class="unseen">Endpoint</span>
          <select value={only} onChange={(event) => setQuery(place, { endpoint: event.currentTarget.value })}>
            <option value="">All endpoints</option>
            {names.map((name) => (
              <option value={name}>{name}</option>
            ))}
          </select>
        </label>
        <Choices
          legend="Time"
          hidden
          value={range[0]}
          options={RANGES.map(([name, label]) => [name, label] as const)}
          onChange={(value: Range) => setQuery(place, { range: value === "24h" ? "" : value })}
        />
      </Heading>
      {figures.problem && <Notice problem={figures.problem} retry={figures.again} />}
      {endpoints.data?.length === 0 && (
        <Empty title="Welcome to Flowport">
          <p>Publish a state machine, hand out a token, and watch its jobs here.</p>
          <Link to="endpoints/new" class="button primary">
            Publish the first endpoint
          </Link>
        </Empty>
      )}
      {figures.loading && <Loading what="figures" />}
      {drawn && data && (endpoints.data?.length ?? 1) > 0 && (
        <>
          <dl class="tiles">
            <Tile name="Calls" value={count(drawn.total.calls)} />
            <Tile name="Failures" value={count(drawn.total.failures)} look={drawn.total.failures ? "bad" : ""} note={drawn.total.calls ? share(drawn.total.failures, drawn.total.calls) : ""} />
            <Tile name="Median" value={duration(drawn.total.p50)} />
            <Tile name="95th percentile" value={duration(drawn.total.p95)} />
          </dl>
          {!data.complete && <p class="hint">There were more jobs than are counted here: the newest 4,000 are.</p>}
          <div class="columns charts">
            <section class="card">
              <Chart
                title="Calls"
                kind="bars"
                times={drawn.times}
                period={data.period}
                format={number}
                series={[
                  { name: "succeeded", look: "accent", values: drawn.at.map((one) => (one ? one.calls - one.failures : 0)) },
                  { name: "failed", look: "bad", values: drawn.at.map((one) => one?.failures ?? 0) },
                ]}
              />
            </section>
            <section class="card">
              <Chart
                title="Latency"
                kind="lines"
                lasting
                times={drawn.times}
                period={data.period}
                format={duration}
                series={[
                  { name: "median", look: "accent", values: drawn.at.map((one) => one?.p50 ?? null) },
                  { name: "95th percentile", look: "second", values: drawn.at.map((one) => one?.p95 ?? null) },
                ]}
              />
            </section>
          </div>
          <section class="card">
            <h2>Endpoints</h2>
            {drawn.each.size === 0 ? (
              <p class="faint placeholder">Nothing was called in this time.</p>
            ) : (
              <div class="table-room">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Endpoint</th>
                      <th scope="col" class="over-time">
                        Calls over time
                      </th>
                      <th scope="col" class="number">
                        Calls
                      </th>
                      <th scope="col" class="number">
                        Failed
                      </th>
                      <th scope="col" class="number">
                        Median
                      </th>
                      <th scope="col" class="number">
                        95th
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {[...drawn.each]
                      .map(([name, points]) => [name, points, totals(points)] as const)
                      .sort((a, b) => b[2].calls - a[2].calls)
                      .map(([name, points, sum]) => {
                        const endpoint = endpoints.data?.find((one) => one.endpoint === name);
                        return (
                          <tr key={name}>
                            <td class="strong">{endpoint ? <Link to={pathTo(endpoint)}>{name}</Link> : name}</td>
                            <td class="over-time">
                              <Spark look="accent" values={thinned(byTime(drawn.times, points).map((one) => one?.calls ?? 0), 48)} />
                            </td>
                            <td class="number">{count(sum.calls)}</td>
                            <td class={`number ${sum.failures ? "bad-text" : "faint"}`}>{sum.failures ? `${count(sum.failures)} (${share(sum.failures, sum.calls)})` : "0"}</td>
                            <td class="number">{duration(sum.p50)}</td>
                            <td class="number">{duration(sum.p95)}</td>
                          </tr>
                        );
                      })}
                  </tbody>
                </table>
              </div>
            )}
          </section>
          <section class="card">
            <div class="card-head">
              <h2>Latest jobs</h2>
              <Link to="jobs">All jobs</Link>
            </div>
            {recent.data && <JobTable jobs={recent.data.items} />}
          </section>
        </>
      )}
    </>
  );
}

const share = (part: number, whole: number): string => {
  const percent = (part / whole) * 100;
  return `${percent > 0 && percent < 0.1 ? "<0.1" : percent.toFixed(percent < 10 ? 1 : 0)} %`;
};

const Tile = ({ name, value, note, look = "" }: { name: string; value: string; note?: string; look?: string }) => (
  <div class={`tile ${look}`}>
    <dt>{name}</dt>
    <dd>
      {value} {note && <small>{note}</small>}
    </dd>
  </div>
);

function thinned(values: number[], most: number): number[] {
  const size = Math.ceil(values.length / most);
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size).reduce((sum, value) => sum + value, 0),
  );
}
