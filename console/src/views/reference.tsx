import { useMemo } from "preact/hooks";
import { get } from "../lib/api";
import { plural, pretty } from "../lib/format";
import { useLoad, useTitle } from "../lib/hooks";
import { operations, type Operation } from "../lib/openapi";
import { setQuery, type Place } from "../lib/router";
import { Button, Code, download, Empty, Heading, Icon, Loading, Notice, Tag } from "../lib/ui";

export function Reference({ place }: { place: Place }) {
  useTitle("API");
  const loaded = useLoad("openapi", (signal) => get<Record<string, unknown>>("/v1/openapi.json", signal));
  const all = useMemo(() => (loaded.data ? operations(loaded.data) : []), [loaded.data]);
  const wanted = (place.query.get("q") ?? "").toLowerCase();
  const shown = all.filter((one) => `${one.method} ${one.path} ${one.summary} ${one.group}`.toLowerCase().includes(wanted));
  const groups = new Map<string, Operation[]>();
  for (const one of shown) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return (
    <>
      <Heading title="API" sub={loaded.data ? `${plural(all.length, "operation")} that your token may use, as OpenAPI 3.1` : " "}>
        {loaded.data && (
          <Button icon="down" onClick={() => download(pretty(loaded.data), "openapi.json", "application/json")}>
            Download openapi.json
          </Button>
        )}
      </Heading>
      {loaded.problem && <Notice problem={loaded.problem} retry={loaded.again} />}
      {loaded.loading && <Loading what="the description" />}
      {loaded.data && (
        <>
          <div class="filters">
            <label class="search">
              <Icon name="search" size={16} />
              <span class="unseen">Filter operations</span>
              <input type="search" placeholder="Filter by path or words" value={place.query.get("q") ?? ""} onInput={(event) => setQuery(place, { q: event.currentTarget.value })} />
            </label>
          </div>
          {shown.length === 0 && <Empty title="No operation matches" />}
          {[...groups].map(([group, members]) => (
            <section key={group}>
              <h2 class="group-name">{group}</h2>
              <ul class="rows operations">
                {members.map((one) => (
                  <li key={`${one.method} ${one.path}`}>
                    <details>
                      <summary>
                        <span class={`method ${one.method.toLowerCase()}`}>{one.method}</span>
                        <code class="breaks">{one.path}</code>
                        <span class="faint">{one.summary}</span>
                      </summary>
                      <One operation={one} />
                    </details>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </>
      )}
    </>
  );
}

function One({ operation }: { operation: Operation }) {
  return (
    <div class="operation">
      {operation.description && <p>{operation.description}</p>}
      {operation.parameters.length > 0 && (
        <div class="table-room">
          <table>
            <thead>
              <tr>
                <th scope="col">Parameter</th>
                <th scope="col">In</th>
                <th scope="col">Meaning</th>
              </tr>
            </thead>
            <tbody>
              {operation.parameters.map((one) => (
                <tr>
                  <td>
                    <code>{one.name}</code> {one.required && <Tag look="sync">needed</Tag>}
                  </td>
                  <td class="faint">{one.in}</td>
                  <td>{one.description || <code class="faint">{JSON.stringify(one.schema)}</code>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {operation.body && (
        <div>
          <h3>
            Body <span class="faint">{operation.body.type}</span>
          </h3>
          {operation.body.example !== null && <Code text={pretty(operation.body.example)} label="Example of a body" />}
          {operation.body.schema !== null && <Code text={pretty(operation.body.schema)} label="Schema of the body" />}
        </div>
      )}
      <div>
        <h3>Answers</h3>
        <dl class="pairs answers">
          {operation.answers.map((one) => (
            <div>
              <dt>
                <span class={`code-badge small ${one.status.startsWith("2") ? "good" : one.status.startsWith("5") ? "bad" : "warned"}`}>{one.status}</span>
              </dt>
              <dd>
                {one.description}
                {one.schema !== null && one.status.startsWith("2") && <Code text={pretty(one.schema)} label={`Schema of answer ${one.status}`} />}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}
