import { useMemo, useState } from "preact/hooks";
import { all, call, post, type Problem } from "../lib/api";
import { ago, moment } from "../lib/format";
import { check, documentOf, EMPTY, standing, type Errors, type Kind, type Wish } from "../lib/grants";
import { asProblem, useLoad, useNow, useTitle } from "../lib/hooks";
import { go, type Place } from "../lib/router";
import type { Credential, Endpoint } from "../lib/types";
import { Button, Checks, Choices, Confirm, Copy, Dialog, Empty, Field, Heading, Icon, Loading, Notice, Panel, Tabs, Tag } from "../lib/ui";

const KINDS: Record<Kind, { tab: string; one: string; secret: string; say: string }> = {
  tokens: { tab: "Tokens", one: "token", secret: "token", say: "Sent as Authorization: Bearer. For scripts, servers and this console." },
  users: { tab: "Users", one: "user", secret: "", say: "A name and a password, for people and for dialects that ask for them." },
  clients: { tab: "Clients", one: "client", secret: "client_secret", say: "An id and a secret that are exchanged for short-lived access tokens." },
  "api-keys": { tab: "API keys", one: "API key", secret: "api_key", say: "A signed token (JWT) that names its row, for dialects that ask for one." },
};
const SCOPES = [
  ["run", "run: call endpoints"],
  ["jobs:read", "jobs:read: see all jobs"],
  ["jobs:write", "jobs:write: cancel, redrive, delete"],
  ["admin", "admin: everything here"],
] as const;
const ROLES = [
  ["runner", "runner"],
  ["reader", "reader"],
  ["supervisor", "supervisor"],
  ["administrator", "administrator"],
] as const;
const TABS = Object.entries(KINDS).map(([kind, known]) => [kind as Kind, known.tab] as const);

const nameOf = (kind: Kind, credential: Credential): string =>
  kind === "users" ? credential.name : kind === "clients" ? (credential.client_id ?? "") : (credential.id ?? "");

export function Credentials({ place }: { place: Place }) {
  useTitle("Credentials");
  const kind = (place.segments[1] as Kind | undefined) && place.segments[1]! in KINDS ? (place.segments[1] as Kind) : "tokens";
  const known = KINDS[kind];
  const list = useLoad(`credentials ${kind}`, (signal) => all<Credential>(`/v1/admin/${kind}`, 1000, signal));
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Credential | null>(null);
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const now = useNow(15_000);
  const items = [...(list.data ?? [])].sort((a, b) => b.created_at.localeCompare(a.created_at));
  const valid = items.filter((one) => standing(one, now) === "valid");
  const shown = over ? items : valid;
  return (
    <>
      <Heading title="Credentials" sub="Who may call, and what.">
        <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
          New {known.one}
        </Button>
      </Heading>
      <Tabs label="Kinds of credentials" tabs={TABS} at={kind} onChange={(next) => go(`credentials${next === "tokens" ? "" : `/${next}`}`, true)} />
      <Panel id={kind}>
        <div class="filters between">
          <p class="hint">{known.say}</p>
          {items.length > valid.length && (
            <label class="check">
              <input type="checkbox" checked={over} onChange={(event) => setOver(event.currentTarget.checked)} />
              Show {items.length - valid.length} revoked or expired
            </label>
          )}
        </div>
        {problem && <Notice problem={problem} />}
        {list.problem && <Notice problem={list.problem} retry={list.again} />}
        {list.loading && <Loading what={known.tab.toLowerCase()} />}
        {list.data && shown.length === 0 && (
          <Empty title={`No ${known.tab === "API keys" ? "API keys" : known.tab.toLowerCase()} yet`}>
            <Button kind="primary" onClick={() => setMaking(true)}>
              Make the first one
            </Button>
          </Empty>
        )}
        {shown.length > 0 && (
          <ul class="rows credentials">
            {shown.map((credential) => {
              const state = standing(credential, now);
              return (
                <li class={state === "valid" ? "" : "off"} key={nameOf(kind, credential)}>
                  <div class="row-main">
                    <span class="address">{credential.name}</span>
                    {kind !== "users" && <code class="faint">{nameOf(kind, credential)}</code>}
                  </div>
                  <span class="row-tags">
                    {[...(credential.roles ?? []), ...credential.scopes].map((scope) => (
                      <Tag look={scope === "admin" || scope === "administrator" ? "warned" : ""}>{scope}</Tag>
                    ))}
                    {credential.endpoints && (
                      <Tag look="sync">
                        {credential.endpoints.length === 1 ? credential.endpoints[0] : `${credential.endpoints.length} endpoints`}
                      </Tag>
                    )}
                    {credential.limits?.rate && (
                      <Tag>
                        {credential.limits.rate.requests} / {credential.limits.rate.seconds} s
                      </Tag>
                    )}
                    {credential.limits?.concurrent && <Tag>{credential.limits.concurrent} at once</Tag>}
                  </span>
                  <dl class="row-facts">
                    {"last_used_at" in credential && (
                      <div>
                        <dt>Last used</dt>
                        <dd title={moment(credential.last_used_at)}>{credential.last_used_at ? ago(credential.last_used_at, now) : "never"}</dd>
                      </div>
                    )}
                    <div>
                      <dt>{state === "revoked" ? "Revoked" : "Expires"}</dt>
                      <dd title={moment(credential.revoked_at ?? credential.expires_at)}>
                        {state === "revoked" ? ago(credential.revoked_at, now) : credential.expires_at ? ago(credential.expires_at, now) : "never"}
                      </dd>
                    </div>
                  </dl>
                  <span class="row-end">
                    {state === "valid" ? (
                      <Button kind="quiet" onClick={() => setRevoking(credential)} aria-label={`Revoke ${credential.name}`}>
                        Revoke
                      </Button>
                    ) : (
                      <Tag look="muted">{state}</Tag>
                    )}
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </Panel>
      {making && <Make kind={kind} onClose={() => setMaking(false)} onMade={list.again} />}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          say={<p>The very next request with it is refused, and it cannot be taken back. Runs that are under way go on.</p>}
          action="Revoke"
          danger
          onClose={() => setRevoking(null)}
          onDo={async () => {
            try {
              setProblem(null);
              await post(`/v1/admin/${kind}/${encodeURIComponent(nameOf(kind, revoking))}/revoke`);
              list.again();
            } catch (error) {
              setProblem(asProblem(error));
            }
          }}
        />
      )}
    </>
  );
}

function Make({ kind, onClose, onMade }: { kind: Kind; onClose: () => void; onMade: () => void }) {
  const known = KINDS[kind];
  const roles = kind === "users" || kind === "api-keys";
  const [wish, setWish] = useState<Wish>(roles ? { ...EMPTY, scopes: [], roles: ["runner"] } : EMPTY);
  const [touched, setTouched] = useState<Partial<Record<keyof Wish, boolean>>>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<Record<string, unknown> | null>(null);
  const endpoints = useLoad("endpoints to limit to", (signal) => all<Endpoint>("/v1/admin/endpoints", 500, signal));
  const errors: Errors = useMemo(() => check(kind, wish), [kind, wish]);
  const set = <K extends keyof Wish>(field: K, value: Wish[K]): void => {
    setWish((before) => ({ ...before, [field]: value }));
    setTouched((before) => ({ ...before, [field]: true }));
  };
  const wrong = (field: keyof Wish): string | undefined => (touched[field] ? errors[field] : undefined);
  const input = (field: "name" | "days" | "password" | "requests" | "seconds" | "concurrent", label: string, hint: string, type = "text") => (
    <Field label={label} hint={hint} error={wrong(field)}>
      {(about) => (
        <input
          {...about}
          type={type}
          autocomplete={type === "password" ? "new-password" : "off"}
          inputMode={type === "text" && field !== "name" ? "numeric" : undefined}
          value={wish[field]}
          onInput={(event) => set(field, event.currentTarget.value)}
        />
      )}
    </Field>
  );
  const make = async (): Promise<void> => {
    setTouched(Object.fromEntries(Object.keys(wish).map((field) => [field, true])));
    if (Object.keys(errors).length) return;
    setBusy(true);
    setProblem(null);
    try {
      const answer = await call<Record<string, unknown>>(`/v1/admin/${kind}`, { method: "POST", body: documentOf(kind, wish) });
      setMade(answer.body);
      onMade();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  if (made) {
    const secret = known.secret ? String(made[known.secret] ?? "") : "";
    return (
      <Dialog title={`${wish.name} is made`} onClose={onClose}>
        <div class="body">
          {secret ? (
            <>
              <p class="notice warned">
                <Icon name="warn" />
                <span>Copy it now. It is shown this once: only its hash is kept.</span>
              </p>
              {typeof made.client_id === "string" && (
                <p class="secret">
                  <code>{made.client_id}</code>
                  <Copy text={made.client_id} label="Copy id" />
                </p>
              )}
              <p class="secret">
                <code>{secret}</code>
                <Copy text={secret} />
              </p>
            </>
          ) : (
            <p>
              Signs in with <code>workspace/{wish.name}</code> and the password.
            </p>
          )}
        </div>
        <footer>
          <Button kind="primary" onClick={onClose}>
            I have it
          </Button>
        </footer>
      </Dialog>
    );
  }
  return (
    <Dialog title={`New ${known.one}`} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <div class="body">
          {problem && <Notice problem={problem} />}
          {input("name", "Name", kind === "users" ? "What the user signs in with" : "Who or what will use it")}
          {kind === "users" && input("password", "Password", "At least 12 characters", "password")}
          {roles && <Checks legend="Roles" values={wish.roles} options={ROLES} onChange={(values) => set("roles", values)} />}
          <Checks legend="Scopes" error={wrong("scopes")} values={wish.scopes} options={SCOPES} onChange={(values) => set("scopes", values)} />
          <Choices
            legend="Endpoints"
            value={wish.limited ? "some" : "all"}
            options={[
              ["all", "all of the workspace"],
              ["some", "these alone"],
            ]}
            onChange={(value) => set("limited", value === "some")}
          />
          {wish.limited && (
            <Checks
              legend="It may call"
              error={wrong("endpoints") ?? (wish.endpoints.length ? errors.endpoints : undefined)}
              values={wish.endpoints}
              options={(endpoints.data ?? []).map((endpoint) => [endpoint.endpoint, endpoint.endpoint] as const)}
              onChange={(values) => set("endpoints", values)}
            />
          )}
          {input("days", "Expires in days", "Empty: never")}
          <details>
            <summary class="faint">Limits</summary>
            <div class="triple limits">
              {input("requests", "Calls at most", "Empty: no limit")}
              {input("seconds", "in seconds", "The time they are counted in")}
              {input("concurrent", "Jobs at one time", "Empty: no limit")}
            </div>
          </details>
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy}>
            Make it
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
