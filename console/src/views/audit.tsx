import { useState } from "preact/hooks";
import { get, type Problem } from "../lib/api";
import { asProblem, useLoad, useNow, useTitle } from "../lib/hooks";
import { setQuery, type Place } from "../lib/router";
import { Button, Empty, Heading, Loading, Notice, Tag, Time, Value } from "../lib/ui";

interface Act {
  at: string;
  who: string;
  act: string;
  what: string;
  before: unknown;
  after: unknown;
  request_id: string | null;
  outcome?: string | null;
}

interface Page {
  items: Act[];
  cursor: string | null;
}

export function Audit({ place }: { place: Place }) {
  useTitle("Audit");
  const who = place.query.get("who") ?? "";
  const what = place.query.get("what") ?? "";
  const asked = new URLSearchParams({ limit: "50", ...(who ? { who } : {}), ...(what ? { what } : {}) }).toString();
  const first = useLoad(`audit ${asked}`, (signal) => get<Page>(`/v1/admin/audit?${asked}`, signal));
  const [more, setMore] = useState<{ key: string; items: Act[]; cursor: string | null } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const now = useNow(15_000);
  const later = more?.key === asked ? more : null;
  const acts = [...(first.data?.items ?? []), ...(later?.items ?? [])];
  const cursor = later ? later.cursor : (first.data?.cursor ?? null);
  const load = async (): Promise<void> => {
    try {
      const page = await get<Page>(`/v1/admin/audit?${asked}&cursor=${encodeURIComponent(cursor ?? "")}`);
      setMore({ key: asked, items: [...(later?.items ?? []), ...page.items], cursor: page.cursor });
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  return (
    <>
      <Heading title="Audit" sub="What was administered, by whom, and what it changed." />
      <div class="filters">
        <label>
          <span class="unseen">Who</span>
          <input type="search" placeholder="Who: token:tok_…" value={who} onChange={(event) => setQuery(place, { who: event.currentTarget.value.trim() })} />
        </label>
        <label>
          <span class="unseen">What</span>
          <input type="search" placeholder="What: endpoint:billing/quote" value={what} onChange={(event) => setQuery(place, { what: event.currentTarget.value.trim() })} />
        </label>
      </div>
      {(problem ?? first.problem) && <Notice problem={(problem ?? first.problem)!} retry={first.again} />}
      {first.loading && <Loading what="the trail" />}
      {first.data && acts.length === 0 && <Empty title={who || what ? "No act fits these filters" : "Nothing was administered yet"} />}
      {acts.length > 0 && (
        <ul class="rows acts">
          {acts.map((act) => (
            <li key={`${act.at} ${act.act} ${act.what} ${act.request_id}`}>
              <details>
                <summary>
                  <span class="address">{act.act}</span>
                  <code class="breaks">{act.what}</code>
                  {act.outcome && act.outcome !== "done" && <Tag look="warned">{act.outcome}</Tag>}
                  <span class="faint who-did">{act.who}</span>
                  <span class="faint when-done">
                    <Time at={act.at} now={now} />
                  </span>
                </summary>
                <div class="columns">
                  <div>
                    <h3>Before</h3>
                    <Value value={act.before} label="Before" />
                  </div>
                  <div>
                    <h3>After</h3>
                    <Value value={act.after} label="After" />
                  </div>
                </div>
                <p class="hint">
                  <Button kind="quiet" onClick={() => setQuery(place, { what: act.what })}>
                    Everything that was done to {act.what}
                  </Button>
                  {act.request_id && <span>Request {act.request_id}</span>}
                </p>
              </details>
            </li>
          ))}
        </ul>
      )}
      {cursor && (
        <div class="more">
          <Button onClick={() => void load()}>Show older acts</Button>
        </div>
      )}
    </>
  );
}
