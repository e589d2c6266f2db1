import { useState } from "preact/hooks";
import { all, endpointPath, post } from "../lib/api";
import { asProblem, useLoad, useTitle } from "../lib/hooks";
import { setQuery, type Place } from "../lib/router";
import type { Endpoint } from "../lib/types";
import { Empty, Heading, Icon, Link, Loading, Notice, Switch, Tag } from "../lib/ui";
import type { Problem } from "../lib/api";
import { plural } from "../lib/format";

export const pathTo = (endpoint: Pick<Endpoint, "module" | "name">): string => `endpoints/${endpointPath(endpoint.module, endpoint.name)}`;

export function Endpoints({ place }: { place: Place }) {
  useTitle("Endpoints");
  const list = useLoad("endpoints", (signal) => all<Endpoint>("/v1/admin/endpoints", 1000, signal));
  const [changed, setChanged] = useState<Record<string, Endpoint>>({});
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const wanted = place.query.get("q") ?? "";
  const endpoints = (list.data ?? []).map((endpoint) => changed[endpoint.endpoint] ?? endpoint);
  const shown = endpoints.filter((endpoint) => `${endpoint.endpoint} ${endpoint.title}`.toLowerCase().includes(wanted.toLowerCase()));
  const flip = async (endpoint: Endpoint, on: boolean): Promise<void> => {
    setBusy(endpoint.endpoint);
    setProblem(null);
    try {
      const now = await post<Endpoint>(`/v1/admin/endpoints/${endpointPath(endpoint.module, endpoint.name)}/${on ? "enable" : "disable"}`);
      setChanged((before) => ({ ...before, [endpoint.endpoint]: now }));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(null);
    }
  };
  return (
    <>
      <Heading title="Endpoints" sub={list.data ? plural(endpoints.length, "published workflow") : " "}>
        <Link to="endpoints/new" class="button primary">
          <Icon name="plus" size={16} /> New endpoint
        </Link>
      </Heading>
      {problem && <Notice problem={problem} />}
      {list.problem && <Notice problem={list.problem} retry={list.again} />}
      {list.loading && <Loading what="endpoints" />}
      {list.data && endpoints.length === 0 && (
        <Empty title="Nothing is published yet">
          <p>Pick a state machine whose owner has tagged it, and it becomes an API.</p>
          <Link to="endpoints/new" class="button primary">
            Publish the first endpoint
          </Link>
        </Empty>
      )}
      {endpoints.length > 0 && (
        <>
          <div class="filters">
            <label class="search">
              <Icon name="search" size={16} />
              <span class="unseen">Filter endpoints</span>
              <input type="search" placeholder="Filter by name or title" value={wanted} onInput={(event) => setQuery(place, { q: event.currentTarget.value })} />
            </label>
            <span class="faint" role="status">
              {wanted ? `${shown.length} of ${endpoints.length}` : ""}
            </span>
          </div>
          {shown.length === 0 ? (
            <Empty title={`No endpoint matches “${wanted}”`} />
          ) : (
            <ul class="rows">
              {shown.map((endpoint) => (
                <li class={endpoint.enabled ? "" : "off"} key={endpoint.endpoint}>
                  <Link to={pathTo(endpoint)} class="row-main">
                    <span class="address">
                      <span class="faint">{endpoint.module}/</span>
                      {endpoint.name}
                    </span>
                    {endpoint.title && <span class="faint">{endpoint.title}</span>}
                  </Link>
                  <span class="row-tags">
                    <Tag look={endpoint.mode}>{endpoint.mode}</Tag>
                    {endpoint.express_arn && <Tag>Express</Tag>}
                    {endpoint.standard_arn && <Tag>Standard</Tag>}
                    {endpoint.auth.includes("none") && <Tag look="warned">open</Tag>}
                  </span>
                  <span class="row-end">
                    <span class="faint state-word">{endpoint.enabled ? "On" : "Off"}</span>
                    <Switch
                      on={endpoint.enabled}
                      label={`${endpoint.endpoint} is called`}
                      busy={busy === endpoint.endpoint}
                      onChange={(on) => void flip(endpoint, on)}
                    />
                  </span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </>
  );
}
